import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parse } from "yaml";
import { renderCollectorConfig } from "../../../../components/monitoring/log-collector-config.ts";
import { logLabels, renderLokiConfig } from "../../../../components/monitoring/loki-config.ts";

// That Loki and the collector take these files: test/e2e/monitoring/logs.test.ts.

describe("loki.yml", () => {
  const config = parse(renderLokiConfig({ host: "loki", port: 3100, retention: "8w" })) as Record<string, Record<string, unknown>>;

  test("listens by its name on one network, and for itself on the loopback", () => {
    const { http_listen_address: http, http_listen_port: port, grpc_listen_address: own } = config["server"] ?? {};
    assert.deepEqual([http, port, own, config["common"]?.["instance_addr"]], ["loki", 3100, "127.0.0.1", "127.0.0.1"]);
  });

  test("keeps lines for the time of the setting, on its volume alone", () => {
    assert.equal(config["limits_config"]?.["retention_period"], "8w");
    assert.deepEqual([config["compactor"]?.["retention_enabled"], config["compactor"]?.["delete_request_store"]], [true, "filesystem"]);
    const paths = JSON.stringify(config).match(/"\/[^"]*"/g) ?? [];
    for (const path of paths) assert.match(path, /^"\/loki/);
  });

  test("has three labels, whatever else a line brings", () => {
    const { otlp_config: otlp, discover_service_name: discovered } = config["limits_config"] ?? {};
    assert.deepEqual(otlp, { resource_attributes: { ignore_defaults: true, attributes_config: [{ action: "index_label", attributes: ["stack", "application", "role"] }] } });
    assert.deepEqual(discovered, []);
  });
});

describe("collector.yml", () => {
  const places = { intake: "logs:24224", metrics: { host: "log-collector", port: 8888 }, loki: "http://loki:3100" };
  const config = parse(renderCollectorConfig(places)) as Record<string, Record<string, Record<string, unknown>>>;

  test("uses each part that it names, and names each that it uses", () => {
    const { pipelines, extensions } = config["service"] ?? {};
    const { receivers, processors, exporters } = (pipelines?.["logs"] ?? {}) as Record<string, string[]>;
    for (const [kind, used] of Object.entries({ receivers, processors, exporters, extensions })) assert.deepEqual((used as string[]).toSorted(), Object.keys(config[kind] ?? {}).toSorted(), kind);
  });

  test("makes Loki's labels attributes of the resource", () => {
    const { log_statements: statements } = (config["processors"]?.["transform"] ?? {}) as { log_statements: { context: string; statements: string[] }[] };
    const set = statements.filter(({ context }) => context === "resource").flatMap((group) => group.statements.flatMap((text) => /^set\(attributes\["(\w+)"\]/.exec(text)?.[1] ?? []));
    assert.deepEqual(set, logLabels);
  });

  test("keeps what waits on its volume, bounded, and sends it in order for as long as it takes", () => {
    const { sending_queue: queue, retry_on_failure: retry } = (config["exporters"]?.["otlphttp/loki"] ?? {}) as Record<string, Record<string, unknown>>;
    assert.deepEqual([queue?.["storage"], queue?.["sizer"], queue?.["queue_size"], queue?.["num_consumers"], retry?.["max_elapsed_time"]], ["file_storage", "bytes", 268_435_456, 1, "0s"]);
  });
});
