import { stringify } from "yaml";

/** Where the collector keeps lines that the store has not taken yet. */
export const collectorData = "/var/lib/collector";

/** Where its health is asked, inside its container. */
export const collectorHealth = "127.0.0.1:13133";

export interface CollectorPlaces {
  /** `host:port` where it takes lines, on a network of its own. */
  intake: string;
  /** Host and port of its metrics, on the monitoring network. */
  metrics: { host: string; port: number };
  /** Address of Loki. */
  loki: string;
}

const mebibyte = 1 << 20;

/**
 * The OpenTelemetry Collector's configuration: lines of the fluentd log driver to Loki.
 *
 * Lines that Loki does not take wait on the volume, 256 MiB of them at most, through a restart of the collector too, and
 * are sent in their order; what comes when that is full is dropped and counted. A line never waits for it.
 */
export function renderCollectorConfig({ intake, metrics, loki }: CollectorPlaces): string {
  return stringify({
    extensions: {
      health_check: { endpoint: collectorHealth },
      file_storage: { directory: collectorData, compaction: { directory: collectorData, on_start: true, on_rebound: true, cleanup_on_start: true } },
    },
    receivers: { fluentforward: { endpoint: intake } },
    processors: {
      // Of 128 MiB. Above it lines are refused, which is counted, and the process goes on.
      memory_limiter: { check_interval: "500ms", limit_mib: 96, spike_limit_mib: 24 },
      // What is the same for all lines of a part is said once, as attributes of the resource; Loki makes labels of these.
      groupbyattrs: { keys: ["berth.stack", "berth.app", "berth.role"] },
      transform: { error_mode: "silent", log_statements: [{ context: "resource", statements: named }, { context: "log", statements: described }, fieldsOfJson] },
    },
    exporters: {
      "otlphttp/loki": {
        endpoint: `${loki}/otlp`,
        // It asks again until Loki answers: its queue is what is bounded.
        retry_on_failure: { max_interval: "5s", max_elapsed_time: "0s" },
        sending_queue: {
          storage: "file_storage",
          sizer: "bytes",
          queue_size: 256 * mebibyte,
          // In order: Loki refuses a line that is an hour older than the newest of its stream.
          num_consumers: 1,
          batch: { sizer: "bytes", flush_timeout: "1s", min_size: mebibyte / 4, max_size: mebibyte },
        },
      },
    },
    service: {
      extensions: ["health_check", "file_storage"],
      telemetry: {
        logs: { level: "warn", encoding: "json" },
        metrics: { readers: [{ pull: { exporter: { prometheus: metrics } } }] },
      },
      pipelines: { logs: { receivers: ["fluentforward"], processors: ["memory_limiter", "groupbyattrs", "transform"], exporters: ["otlphttp/loki"] } },
    },
  });
}

const named = [
  'set(attributes["stack"], attributes["berth.stack"])',
  'set(attributes["application"], attributes["berth.app"])',
  'set(attributes["role"], attributes["berth.role"])',
  'delete_matching_keys(attributes, "^berth\\\\.")',
];

const described = [
  'replace_pattern(attributes["container_name"], "^/", "")',
  'set(attributes["container"], attributes["container_name"])',
  // The tag says what the labels say, the id what the name says.
  'delete_matching_keys(attributes, "^(container_name|container_id|fluent\\\\.tag)$")',
];

/** Fields of a line that is a JSON object: not its text, which is the line itself; not too many, for Loki refuses such a line; and none that the engine has told. */
const fieldsOfJson = {
  context: "log",
  conditions: ['IsString(body) and IsMatch(body, "^\\\\{.*\\\\}\\\\s*$")'],
  statements: [
    'merge_maps(cache, ParseJSON(body), "upsert")',
    'flatten(cache, "", 3)',
    'delete_matching_keys(cache, "^(message|msg|log|time|ts|timestamp)$")',
    "truncate_all(cache, 256)",
    'limit(cache, 32, ["level", "severity", "status", "method", "path"])',
    'merge_maps(attributes, cache, "insert")',
  ],
};
