import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { parse } from "yaml";
import { plainly } from "../../../components/docker/naming.ts";
import { Monitoring } from "../../../components/monitoring/monitoring.ts";
import { Postgres } from "../../../components/postgres/postgres.ts";
import { renderAlertmanagerConfig } from "../../../components/monitoring/alertmanager-config.ts";
import { Redis } from "../../../components/redis/redis.ts";
import { child, filesVolume, hardening, health, labels, onHost, platform } from "../platform.ts";
import { type Recorded, record } from "../recorder.ts";

const alerts = {
  network: "egress",
  webhook: true,
  webhookUrl: "https://hook.example/token",
  mail: { to: "ops@example.com", from: "berth@example.com", host: "smtp.example.com:587", username: "berth" },
  mailPassword: "mail-password",
};

function make(): Monitoring {
  const host = onHost();
  const postgres = new Postgres("postgres", { platform, network: { name: "data", nobody: "10.9.0.1" }, memory: 512, connections: 100 }, host);
  const redis = new Redis("redis", { platform, networks: ["monitoring"], users: [], memory: 128 }, host);
  return new Monitoring("monitoring", { platform, named: plainly, network: "monitoring", postgres, redis, retention: "15d", alerts }, host);
}

describe("alertmanager", () => {
  let resources: Recorded[] = [];
  before(async () => {
    ({ resources } = await record(make));
  });
  const uploads = (name: string) => child(resources, "Container", name).inputs["uploads"] as { file: string; content: string }[];

  test("listens on the monitoring network alone, and has a way out", () => {
    assert.deepEqual(child(resources, "Container", "alertmanager").inputs, {
      image: "alertmanager@sha256:1",
      entrypoints: ["alertmanager"],
      command: ["--config.file=/etc/berth/alertmanager.yml", "--storage.path=/alertmanager", "--web.listen-address=alertmanager:9093", "--cluster.listen-address="],
      user: "65534:65534",
      networksAdvanced: [{ name: "monitoring", aliases: ["alertmanager"] }, { name: "egress" }],
      labels: labels("alertmanager"),
      mounts: [
        { type: "volume", source: "berth-test-alertmanager-data", target: "/alertmanager", readOnly: false },
        { type: "volume", source: filesVolume("alertmanager-config"), target: "/etc/berth", readOnly: true },
        { type: "volume", source: filesVolume("alertmanager-secret"), target: "/run/secrets", readOnly: true },
      ],
      healthcheck: health(["CMD", "wget", "-q", "-T", "4", "-O", "/dev/null", "http://alertmanager:9093/-/healthy"]),
      wait: true,
      waitTimeout: 60,
      restart: "unless-stopped",
      stopTimeout: 10,
      destroyGraceSeconds: 10,
      ...hardening({ memory: 64 }),
    });
    assert.equal(child(resources, "Container", "alertmanager").deleteBeforeReplace, true);
  });

  test("has address and password in files, as secrets, and neither in its configuration", () => {
    assert.deepEqual(uploads("alertmanager-secret-filler").map(({ file, content }) => [file, content]), [
      ["/files/webhook", "https://hook.example/token"],
      ["/files/mail-password", "mail-password"],
    ]);
    assert.deepEqual(child(resources, "Container", "alertmanager-secret-filler").secretInputs, ["uploads.0.content", "uploads.1.content"]);
    const { webhook, mail } = alerts;
    assert.deepEqual(uploads("alertmanager-config-filler").map(({ content }) => content), [renderAlertmanagerConfig({ webhook, mail })]);
  });

  test("is scraped, and gets Prometheus's alerts with the name of the stack", () => {
    const file = parse(uploads("prometheus-config-filler")[0]?.content ?? "") as { global: object; alerting: object; scrape_configs: { job_name: string; static_configs: object[] }[] };
    const target = [{ targets: ["alertmanager:9093"] }];
    assert.deepEqual(file.alerting, { alertmanagers: [{ static_configs: target }] });
    assert.deepEqual(file.scrape_configs.find(({ job_name }) => job_name === "alertmanager")?.static_configs, target);
    assert.deepEqual(file.global, { scrape_interval: "15s", evaluation_interval: "15s", external_labels: { stack: "test" } });
  });
});
