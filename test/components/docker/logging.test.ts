import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { child, hardening } from "../platform.ts";
import type { Recorded } from "../recorder.ts";
import { recordStack } from "../stack-program.ts";

/** Log settings of each container that ever runs, by its name. */
function containers(resources: Recorded[]) {
  const running = resources.filter(({ type, inputs }) => type.endsWith(":Container") && inputs["start"] !== false);
  assert.ok(running.length > 20, `${running.length} containers`);
  return running.map(({ name, inputs }) => ({
    name,
    driver: inputs["logDriver"] as string,
    opts: inputs["logOpts"] as Record<string, string>,
    labels: Object.fromEntries((inputs["labels"] as { label: string; value: string }[]).map(({ label, value }) => [label, value])),
  }));
}

describe("every container of a stack, jobs and schedules too", () => {
  test("has files with rotation without a setting", async () => {
    for (const { name, driver, opts } of containers((await recordStack("dev")).resources)) assert.deepEqual([driver, opts], ["json-file", { "max-size": "10m", "max-file": "3", labels: "berth.stack,berth.app,berth.role" }], name);
  });

  test("has the driver of the setting, and a tag of its own labels", async () => {
    for (const { name, driver, opts, labels } of containers((await recordStack("dev", { "berth:logs": { driver: "fluentd", address: "127.0.0.1:24224" } })).resources)) {
      assert.equal(driver, "fluentd", name);
      const { "berth.app": app, "berth.role": role } = labels;
      assert.equal(opts["tag"], ["berth-dev", app, role].filter((part) => part !== undefined).join("."), name);
      assert.deepEqual([opts["mode"], opts["fluentd-async"], opts["fluentd-address"]], ["non-blocking", "true", "127.0.0.1:24224"], name);
    }
  });
});

describe("Loki and its collector", () => {
  let resources: Recorded[] = [];
  before(async () => {
    ({ resources } = await recordStack("dev", { "berth:logs": { driver: "loki", port: 4711, retention: "8w" }, "berth:monitoring": { grafana: { host: "grafana.localhost" } } }));
  });
  const inputs = (name: string) => child(resources, "Container", name).inputs;
  const upload = (name: string) => (inputs(`${name}-filler`)["uploads"] as { content: string }[])[0]?.content ?? "";
  const networks = (name: string) => (inputs(name)["networksAdvanced"] as { name: string; aliases?: string[] }[]).map((network) => [network.name, network.aliases?.[0]]);

  test("get every container's lines but their own, which are files", () => {
    const all = containers(resources);
    const files = all.filter(({ driver }) => driver === "json-file");
    assert.deepEqual(files.map(({ name }) => name).toSorted(), ["log-collector", "loki"]);
    for (const { name, opts } of files) assert.deepEqual(opts, { "max-size": "10m", "max-file": "3", labels: "berth.stack,berth.app,berth.role" }, name);
    for (const { name, driver, opts } of all) if (driver !== "json-file") assert.deepEqual([driver, opts["fluentd-address"], opts["fluentd-async"]], ["fluentd", "127.0.0.1:4711", "true"], name);
  });

  test("are hardened like every part, and neither reads the Docker socket or a folder of the host", () => {
    for (const [name, memory, cpus] of [["loki", 512, "1.0"], ["log-collector", 128, "0.5"]] as const) {
      const given = inputs(name);
      for (const [key, value] of Object.entries(hardening({ memory, cpus }))) assert.deepEqual(given[key], value, `${name}: ${key}`);
      assert.equal(given["user"], "10001:10001", name);
      for (const mount of given["mounts"] as { type: string }[]) assert.equal(mount.type, "volume", name);
    }
    for (const data of ["loki-data-volume", "log-collector-data-volume"]) assert.deepEqual([child(resources, "Volume", data).protect, child(resources, "Volume", data).retainOnDelete], [false, true]);
  });

  test("are on the monitoring network; the collector takes lines on one of its own, at a port of 127.0.0.1", () => {
    assert.deepEqual(networks("loki"), [["berth-dev-monitoring", "loki"]]);
    assert.equal(inputs("loki")["ports"], undefined);
    assert.deepEqual(networks("log-collector"), [["berth-dev-logs", "logs"], ["berth-dev-monitoring", "log-collector"]]);
    assert.deepEqual(inputs("log-collector")["ports"], [{ internal: 24_224, external: 4711, ip: "127.0.0.1", protocol: "tcp" }]);
    assert.match(upload("log-collector-config"), /fluentforward:\n\s+endpoint: logs:24224/);
    assert.match(upload("log-collector-config"), /endpoint: http:\/\/loki:3100\/otlp/);
    assert.match(upload("loki-config"), /retention_period: 8w/);
  });

  test("are scraped, watched, and shown by Grafana", () => {
    const [prometheus, rules] = (inputs("prometheus-config-filler")["uploads"] as { content: string }[]).map(({ content }) => content);
    assert.match(prometheus ?? "", /job_name: loki\n\s+static_configs:\n\s+- targets:\n\s+- loki:3100/);
    assert.match(prometheus ?? "", /job_name: log-collector\n\s+static_configs:\n\s+- targets:\n\s+- log-collector:8888/);
    assert.match(rules ?? "", /alert: LogsLost/);
    const sources = inputs("grafana-datasources-filler")["uploads"] as { file: string; content: string }[];
    assert.deepEqual(sources.map(({ file }) => file), ["/files/prometheus.yaml", "/files/loki.yaml"]);
  });
});
