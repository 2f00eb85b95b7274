import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import * as pulumi from "@pulumi/pulumi";
import { plainly } from "../../../components/docker/naming.ts";
import { dashboards } from "../../../components/monitoring/grafana-dashboards.ts";
import { Monitoring } from "../../../components/monitoring/monitoring.ts";
import { Postgres } from "../../../components/postgres/postgres.ts";
import { Redis } from "../../../components/redis/redis.ts";
import { child, filesVolume, hardening, health, labels, onHost, platform } from "../platform.ts";
import { type Recorded, record } from "../recorder.ts";

function make(): Monitoring {
  const host = onHost();
  const postgres = new Postgres("postgres", { platform, network: { name: "data", nobody: "10.9.0.1" }, memory: 512, connections: 100 }, host);
  const redis = new Redis("redis", { platform, networks: ["monitoring"], users: [], memory: 128 }, host);
  const grafana = { host: "grafana.example.com", url: "https://grafana.example.com" };
  return new Monitoring("monitoring", { platform, named: plainly, network: "monitoring", postgres, redis, retention: "15d", grafana }, host);
}

describe("grafana", () => {
  let resources: Recorded[] = [];
  let monitoring: Monitoring;
  before(async () => {
    ({ resources, result: monitoring } = await record(make));
  });
  const uploads = (name: string) =>
    Object.fromEntries((child(resources, "Container", `${name}-filler`).inputs["uploads"] as { file: string; content: string }[]).map(({ file, content }) => [file.replace("/files/", ""), content]));

  test("is on the monitoring network alone, with everything that it reads mounted where its image looks", () => {
    const mount = (name: string, target: string) => ({ type: "volume", source: filesVolume(`grafana-${name}`), target, readOnly: true });
    assert.deepEqual(child(resources, "Container", "grafana").inputs, {
      image: "grafana@sha256:1",
      entrypoints: ["grafana"],
      command: ["server", "--config=/etc/berth/grafana.ini", "--homepath=/usr/share/grafana"],
      user: "472:472",
      mounts: [
        { type: "volume", source: "berth-test-grafana-data", target: "/var/lib/grafana", readOnly: false },
        mount("config", "/etc/berth"),
        mount("datasources", "/etc/grafana/provisioning/datasources"),
        mount("dashboards", "/etc/grafana/provisioning/dashboards"),
        mount("secret", "/run/secrets"),
      ],
      networksAdvanced: [{ name: "monitoring", aliases: ["grafana"] }],
      labels: labels("grafana"),
      healthcheck: health(["CMD", "wget", "-q", "-T", "4", "-O", "/dev/null", "http://127.0.0.1:3000/api/health"], "2m0s"),
      wait: true,
      waitTimeout: 120,
      restart: "unless-stopped",
      stopTimeout: 30,
      destroyGraceSeconds: 30,
      ...hardening({ memory: 384, cpus: "1.0" }),
    });
    const data = child(resources, "Volume", "grafana-data-volume");
    assert.deepEqual([data.protect, data.retainOnDelete], [false, true]);
  });

  test("has its password, its key and Prometheus's password as secrets in files", () => {
    assert.deepEqual(uploads("grafana-secret"), {
      "admin-password": "password-of-grafana-password",
      "secret-key": "password-of-grafana-key",
      "prometheus-password": "password-of-prometheus-password",
    });
    assert.deepEqual(child(resources, "Container", "grafana-secret-filler").secretInputs, ["uploads.0.content", "uploads.1.content", "uploads.2.content"]);
  });

  test("is given every dashboard, and its provider beside them", () => {
    const { "berth.yaml": provider, ...files } = uploads("grafana-dashboards");
    assert.match(provider ?? "", /type: file/);
    const given = Object.entries(files).map(([file, content]) => [file, JSON.parse(content) as unknown]);
    assert.deepEqual(Object.fromEntries(given), Object.fromEntries(Object.entries(dashboards()).map(([uid, dashboard]) => [`${uid}.json`, JSON.parse(JSON.stringify(dashboard))])));
    assert.deepEqual(Object.keys(uploads("grafana-datasources")), ["prometheus.yaml"]);
  });

  test("has a route, also where Prometheus has none, and is scraped", async () => {
    const routes = await new Promise((resolve) => void pulumi.output(monitoring.routes(undefined)).apply(resolve));
    assert.deepEqual(routes, [{ name: "grafana", host: "grafana.example.com", servers: ["grafana-0a1b2c3"], port: 3000, healthPath: "/api/health" }]);
    assert.match(uploads("prometheus-config")["prometheus.yml"] ?? "", /job_name: grafana\n\s+static_configs:\n\s+- targets:\n\s+- grafana:3000/);
  });
});
