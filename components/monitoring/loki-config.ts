import { stringify } from "yaml";

/** Attributes of a line by which Loki finds it; everything else of it is structured metadata. Few values each, and known ones. */
export const logLabels = ["stack", "application", "role"];

/** Where Loki keeps everything. */
export const lokiData = "/loki";

/**
 * loki.yml: one process, files on a volume, lines deleted by the compactor when they are older than `retention`.
 *
 * @param host Its name on the monitoring network, where alone it listens.
 * @param retention For example `14d`: whole days, as the index has a table a day.
 */
export function renderLokiConfig({ host, port, retention }: { host: string; port: number; retention: string }): string {
  return stringify({
    auth_enabled: false,
    analytics: { reporting_enabled: false },
    server: {
      http_listen_address: host,
      http_listen_port: port,
      // Its own parts talk to each other by it.
      grpc_listen_address: "127.0.0.1",
      grpc_listen_port: 9095,
      log_level: "warn",
    },
    common: {
      path_prefix: lokiData,
      instance_addr: "127.0.0.1",
      replication_factor: 1,
      ring: { kvstore: { store: "inmemory" } },
      storage: { filesystem: { chunks_directory: `${lokiData}/chunks`, rules_directory: `${lokiData}/rules` } },
    },
    schema_config: { configs: [{ from: "2025-01-01", store: "tsdb", object_store: "filesystem", schema: "v13", index: { prefix: "index_", period: "24h" } }] },
    ingester: {
      lifecycler: { min_ready_duration: "0s", final_sleep: "0s" },
      // Lines that were taken and not yet written survive a crash; after one no more than this is read back at once.
      wal: { replay_memory_ceiling: "128MB" },
    },
    compactor: { working_directory: `${lokiData}/compactor`, retention_enabled: true, delete_request_store: "filesystem" },
    limits_config: {
      retention_period: retention,
      deletion_mode: "disabled",
      // One host's lines come from one collector, and all that waited come at once.
      ingestion_rate_mb: 16,
      ingestion_burst_size_mb: 32,
      per_stream_rate_limit: "8MB",
      per_stream_rate_limit_burst: "32MB",
      discover_service_name: [],
      otlp_config: { resource_attributes: { ignore_defaults: true, attributes_config: [{ action: "index_label", attributes: logLabels }] } },
    },
  });
}
