import assert from "node:assert/strict";
import { describe, test } from "node:test";
import * as pulumi from "@pulumi/pulumi";
import { parse } from "yaml";
import { plainly } from "../../../components/docker/naming.ts";
import { renderRules } from "../../../components/monitoring/alert-rules.ts";
import { Monitoring } from "../../../components/monitoring/monitoring.ts";
import { Postgres } from "../../../components/postgres/postgres.ts";
import { Redis } from "../../../components/redis/redis.ts";
import { child, customs, filesVolume, hardening, health, labels, onHost, platform } from "../platform.ts";
import { type Recorded, record } from "../recorder.ts";

function make(): Monitoring {
  const host = onHost();
  const postgres = new Postgres("postgres", { platform, network: { name: "data", nobody: "10.9.0.1" }, memory: 512, connections: 100 }, host);
  const redis = new Redis("redis", { platform, networks: ["monitoring"], users: [], memory: 128 }, host);
  const shop = { name: "shop", network: "app-shop" };
  const applications = [{ ...shop, port: 9090, path: "/figures" }];
  const schedulers = [{ ...shop, tasks: [{ name: "tidy", alertAfter: 3600 }] }];
  return new Monitoring("monitoring", { platform, named: plainly, network: "monitoring", postgres, redis, retention: "15d", applications, schedulers }, host);
}

const part = (role: string, port: number) => ({
  user: "65534:65534",
  networksAdvanced: [{ name: "monitoring", aliases: [role] }],
  labels: labels(role),
  healthcheck: health(["CMD", "wget", "-q", "-T", "4", "-O", "/dev/null", `http://127.0.0.1:${port}/`]),
  wait: true,
  waitTimeout: 60,
  restart: "unless-stopped",
  stopTimeout: 10,
  destroyGraceSeconds: 10,
});
const secrets = (name: string) => [{ type: "volume", source: filesVolume(name), target: "/run/secrets", readOnly: true }];

describe("monitoring", () => {
  let resources: Recorded[] = [];
  let monitoring: Monitoring | undefined;
  test("is Prometheus and three exporters, with a role of its own for Postgres's", async () => {
    ({ resources, result: monitoring } = await record(make));
    const own = customs(resources).filter((name) => !/ (postgres|redis)(-(data|socket|config|gateway-config|init|users|(exporter|admin)-password)\b|$)/.test(name));
    assert.deepEqual(own, [
      "Container exporter-role",
      "Container exporter-role-secret-filler",
      "Container exporter-role-sql-filler",
      "Container node-exporter",
      "Container postgres-exporter",
      "Container postgres-exporter-secret-filler",
      "Container prometheus",
      "Container prometheus-config-filler",
      "Container prometheus-data-owner",
      "Container prometheus-secret-filler",
      "Container redis-exporter",
      "Container redis-exporter-secret-filler",
      "RandomId exporter-role-secret-version",
      "RandomId exporter-role-sql-version",
      "RandomId postgres-exporter-secret-version",
      "RandomId prometheus-config-version",
      "RandomId prometheus-secret-version",
      "RandomId redis-exporter-secret-version",
      "RandomPassword exporter-role-password",
      "RandomPassword prometheus-password",
      "Volume exporter-role-secret-volume",
      "Volume exporter-role-sql-volume",
      "Volume postgres-exporter-secret-volume",
      "Volume prometheus-config-volume",
      "Volume prometheus-data-volume",
      "Volume prometheus-secret-volume",
      "Volume redis-exporter-secret-volume",
    ]);
  });

  test("the host's exporter mounts nothing", () => {
    assert.deepEqual(child(resources, "Container", "node-exporter").inputs, {
      image: "nodeExporter@sha256:1",
      entrypoints: ["node_exporter"],
      command: ["--web.listen-address=:9100"],
      ...part("node-exporter", 9100),
      ...hardening({ memory: 64 }),
    });
  });

  test("Postgres's exporter reads its password from a file", () => {
    assert.deepEqual(child(resources, "Container", "postgres-exporter").inputs, {
      image: "postgresExporter@sha256:1",
      entrypoints: ["postgres_exporter"],
      command: ["--web.listen-address=:9187"],
      envs: ["DATA_SOURCE_URI=postgres-server:5432/postgres?sslmode=disable", "DATA_SOURCE_USER=exporter", "DATA_SOURCE_PASS_FILE=/run/secrets/password"],
      mounts: secrets("postgres-exporter-secret"),
      ...part("postgres-exporter", 9187),
      networksAdvanced: [{ name: "monitoring", aliases: ["postgres-exporter"] }, { name: "data" }],
      ...hardening({ memory: 64 }),
    });
    const filler = child(resources, "Container", "postgres-exporter-secret-filler");
    assert.deepEqual(filler.inputs["uploads"], [{ file: "/files/password", content: "password-of-exporter-role-password", permissions: "0444" }]);
    assert.deepEqual(filler.secretInputs, ["uploads.0.content"]);
  });

  test("Redis's exporter finds the password of its user in a file", () => {
    assert.deepEqual(child(resources, "Container", "redis-exporter").inputs, {
      image: "redisExporter@sha256:1",
      entrypoints: ["/redis_exporter"],
      command: [
        "--redis.addr=redis://redis:6379",
        "--redis.user=exporter",
        "--redis.password-file=/run/secrets/passwords.json",
        "--web.listen-address=:9121",
      ],
      mounts: secrets("redis-exporter-secret"),
      ...part("redis-exporter", 9121),
      ...hardening({ memory: 64 }),
    });
    const filler = child(resources, "Container", "redis-exporter-secret-filler");
    const [upload] = filler.inputs["uploads"] as { content: string }[];
    assert.deepEqual(JSON.parse(upload?.content ?? ""), { "redis://exporter@redis:6379": "password-of-redis-exporter-password" });
    assert.deepEqual(filler.secretInputs, ["uploads.0.content"]);
  });

  test("Prometheus keeps its samples on a volume that is kept for as long as asked", () => {
    const server = child(resources, "Container", "prometheus");
    assert.deepEqual(server.inputs, {
      image: "prometheus@sha256:1",
      entrypoints: ["prometheus"],
      command: [
        "--config.file=/etc/berth/prometheus.yml",
        "--web.config.file=/run/secrets/web.yml",
        "--web.listen-address=prometheus:9090",
        "--storage.tsdb.path=/prometheus",
        "--storage.tsdb.retention.time=15d",
        "--storage.tsdb.retention.size=4096MB",
      ],
      mounts: [
        { type: "volume", source: "berth-test-prometheus-data", target: "/prometheus", readOnly: false },
        { type: "volume", source: filesVolume("prometheus-config"), target: "/etc/berth", readOnly: true },
        ...secrets("prometheus-secret"),
      ],
      ...part("prometheus", 9090),
      // One network of an application, whatever has metrics there, and no name on it.
      networksAdvanced: [{ name: "monitoring", aliases: ["prometheus"] }, { name: "app-shop" }],
      healthcheck: health(["CMD", "promtool", "check", "healthy", "--url=http://prometheus:9090", "--http.config.file=/run/secrets/client.yml"]),
      stopTimeout: 60,
      destroyGraceSeconds: 60,
      ...hardening({ memory: 512 }),
    });
    const data = child(resources, "Volume", "prometheus-data-volume");
    assert.deepEqual([data.protect, data.retainOnDelete], [false, true]);
  });

  test("Prometheus asks for a login, which promtool in its container finds", () => {
    const filler = child(resources, "Container", "prometheus-secret-filler");
    const files = Object.fromEntries((filler.inputs["uploads"] as { file: string; content: string }[]).map(({ file, content }) => [file, content]));
    assert.deepEqual(Object.keys(files), ["/files/web.yml", "/files/client.yml", "/files/password"]);
    assert.deepEqual(parse(files["/files/web.yml"] ?? ""), { basic_auth_users: { berth: "bcrypt-of-prometheus-password" } });
    assert.deepEqual(parse(files["/files/client.yml"] ?? ""), { basic_auth: { username: "berth", password_file: "/run/secrets/password" } });
    assert.equal(files["/files/password"], "password-of-prometheus-password");
    assert.deepEqual(filler.secretInputs, ["uploads.0.content", "uploads.2.content"]);
  });

  test("Prometheus scrapes each exporter where it listens, Traefik and the applications", () => {
    const uploads = child(resources, "Container", "prometheus-config-filler").inputs["uploads"] as { file: string; content: string }[];
    assert.deepEqual(uploads.map(({ file }) => file), ["/files/prometheus.yml", "/files/rules.yml"]);
    const { scrape_configs: jobs } = parse(uploads[0]?.content ?? "") as { scrape_configs: { job_name: string; static_configs?: { targets: string[] }[] }[] };
    const targets = Object.fromEntries(jobs.map((job) => [job.job_name, job.static_configs?.[0]?.targets[0]]));
    assert.deepEqual(targets, {
      prometheus: "prometheus:9090",
      node: "node-exporter:9100",
      postgres: "postgres-exporter:9187",
      redis: "redis-exporter:9121",
      traefik: "traefik:8080",
      "app-shop": undefined,
      "schedules-shop": undefined,
    });
    for (const [job, port] of [["node", 9100], ["postgres", 9187], ["redis", 9121]] as const) {
      const container = child(resources, "Container", `${job}-exporter`);
      assert.ok((container.inputs["command"] as string[]).includes(`--web.listen-address=:${port}`), job);
      const [network] = container.inputs["networksAdvanced"] as { aliases: string[] }[];
      assert.deepEqual(network?.aliases, [targets[job]?.split(":")[0]]);
    }
    const watched = { applications: [{ name: "shop", port: 9090 }], schedulers: [{ name: "shop", tasks: [{ name: "tidy", alertAfter: 3600 }] }] };
    assert.equal(uploads[1]?.content, renderRules(watched));
  });

  test("parts on one host name are never two at once", () => {
    for (const name of ["node-exporter", "postgres-exporter", "redis-exporter", "prometheus"]) {
      const { deleteBeforeReplace, parent, provider } = child(resources, "Container", name);
      assert.deepEqual([deleteBeforeReplace, parent, provider], [true, name === "prometheus" ? "prometheus" : "exporters", "host"]);
    }
  });

  test("Prometheus has a route only where it is given a host name", async () => {
    assert.ok(monitoring);
    assert.deepEqual(monitoring.routes(undefined), []);
    const routes = await new Promise((resolve) => void pulumi.output(monitoring?.routes("p.example") ?? []).apply(resolve));
    assert.deepEqual(routes, [{ name: "prometheus", host: "p.example", servers: ["prometheus-0a1b2c3"], port: 9090, healthPath: "/-/ready", healthStatus: 401 }]);
  });
});
