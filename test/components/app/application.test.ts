import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { describe, test } from "node:test";
import * as pulumi from "@pulumi/pulumi";
import type { AppDefinition } from "../../../components/index.ts";
import { application as make, least } from "../application-program.ts";
import { userIdOf } from "../../../components/docker/hardening.ts";
import { child, filesVolume, hardening, health, labels, onceSettings } from "../platform.ts";
import { record } from "../recorder.ts";

const user = `${userIdOf("shop")}:${userIdOf("shop")}`;
const image = `ghcr.io/acme/shop:build@sha256:${Buffer.from("shop-image").toString("hex").padEnd(64, "0")}`;
const files = [{ type: "volume", source: filesVolume("shop-secrets"), target: "/run/secrets", readOnly: true }];

const web = {
  image,
  envs: [] as string[],
  user,
  mounts: files,
  networksAdvanced: [{ name: "edge" }, { name: "own" }],
  labels: labels("web", "shop"),
  healthcheck: health(["CMD", "shop", "health"], "1m0s"),
  wait: true,
  waitTimeout: 60,
  restart: "unless-stopped",
  stopTimeout: 30,
  destroyGraceSeconds: 30,
  ...hardening({ memory: 256 }),
};

describe("an application", () => {
  test("that needs nothing is its image, an empty set of secrets and its replicas, on edge and its own network", async () => {
    const { resources, result } = await record(make(least));
    const own = resources.filter(({ name, type }) => name.startsWith("shop") && !type.startsWith("berth:")).map(({ type, name }) => `${type.split(":").at(-1)} ${name}`);
    assert.deepEqual(own.toSorted(), [
      "Container shop-secrets-filler",
      "Container shop-web-0",
      "Container shop-web-1",
      "Image shop-image",
      "RandomId shop-secrets-version",
      "RemoteImage shop-image-pulled",
      "Volume shop-secrets-volume",
    ]);
    for (const index of [0, 1]) assert.deepEqual(child(resources, "Container", `shop-web-${index}`).inputs, web);
    const route = await new Promise((resolve) => void pulumi.output(result.routes[0]).apply(resolve));
    const nothing = { hosts: undefined, redirects: undefined, paths: undefined, middlewares: undefined, maintenance: undefined, ports: {} };
    assert.deepEqual(route, { ...nothing, name: "shop", host: "shop.example.com", servers: ["shop-web-0-0a1b2c3", "shop-web-1-0a1b2c3"], port: 3000, healthPath: "/ready" });
    assert.equal(await new Promise((resolve) => void result.image.apply(resolve)), image);
  });

  test("hands all that its app.ts and the stack file say of its route on, and of its ports those that the stack file has a host name for", async () => {
    const given = { hosts: ["shop.example.org"], redirects: ["www.example.com"], paths: [{ host: "example.com", path: "/shop" }], middlewares: [{ rateLimit: { average: 5 } }] };
    const said = { balancing: "least-connections", headers: { "X-Frame-Options": false }, sticky: true, retry: false, bodyLimit: 10 } as const;
    const web = { port: 3000, health: { path: "/ready", command: ["shop", "health"] }, ports: { admin: 9000, debug: 9001 }, ...said };
    const { result } = await record(make({ ...least, web }, { ...given, ports: { admin: "admin.example.com" } }));
    const { servers: _, ...route } = (await new Promise<unknown>((resolve) => void pulumi.output(result.routes[0]).apply(resolve))) as { servers: string[] };
    assert.deepEqual(route, { ...given, ...said, maintenance: undefined, ports: { admin: { port: 9000, host: "admin.example.com" } }, name: "shop", host: "shop.example.com", port: 3000, healthPath: "/ready" });
  });

  test("with directories in memory has them as its own, beside /tmp", async () => {
    const { resources } = await record(make({ ...least, user: 1001, tmpfs: { "/var/run": 16 } }));
    const option = (size: number) => `rw,noexec,nosuid,nodev,size=${size}m,mode=1777,uid=1001,gid=1001`;
    assert.deepEqual(child(resources, "Container", "shop-web-0").inputs["tmpfs"], { "/tmp": option(64), "/var/run": option(16) });
  });

  test("with all it may need is given each secret as a file, and names, never values, in its environment", async () => {
    const definition: AppDefinition = {
      ...least,
      database: true,
      cache: true,
      jobs: { migrate: ["shop", "migrate"] },
      secrets: { GIVEN: "set in the stack", MADE: "generated" },
      env: { LEVEL: "info", PORT: "3000" },
    };
    const { resources } = await record(make(definition, { env: { LEVEL: "debug" }, secrets: { GIVEN: pulumi.secret("canary"), MADE: undefined } }));
    const envs = [
      "DATABASE_URL_FILE=/run/secrets/DATABASE_URL",
      "GIVEN_FILE=/run/secrets/GIVEN",
      "LEVEL=debug",
      "MADE_FILE=/run/secrets/MADE",
      "PORT=3000",
      "POSTGRES_DB=shop",
      "POSTGRES_HOST=postgres",
      "POSTGRES_PASSWORD_FILE=/run/secrets/POSTGRES_PASSWORD",
      "POSTGRES_PORT=5432",
      "POSTGRES_USER=shop",
      "REDIS_HOST=redis",
      "REDIS_PASSWORD_FILE=/run/secrets/REDIS_PASSWORD",
      "REDIS_PORT=6379",
      "REDIS_PREFIX=shop:",
      "REDIS_URL_FILE=/run/secrets/REDIS_URL",
      "REDIS_USER=shop",
    ];
    assert.deepEqual(child(resources, "Container", "shop-web-0").inputs, { ...web, envs });
    const filler = child(resources, "Container", "shop-secrets-filler");
    const uploads = Object.fromEntries((filler.inputs["uploads"] as { file: string; content: string }[]).map(({ file, content }) => [file, content]));
    assert.deepEqual(uploads, {
      "/files/GIVEN": "canary",
      "/files/MADE": "password-of-shop-MADE",
      "/files/POSTGRES_PASSWORD": "password-of-shop-database-password",
      "/files/DATABASE_URL": "postgresql://shop:password-of-shop-database-password@postgres:5432/shop",
      "/files/REDIS_PASSWORD": "password-of-redis-shop-password",
      "/files/REDIS_URL": "redis://shop:password-of-redis-shop-password@redis:6379/0",
    });
    assert.deepEqual(filler.secretInputs, Object.keys(uploads).map((_, index) => `uploads.${index}.content`));
    assert.deepEqual(child(resources, "RandomPassword", "shop-MADE").inputs, { length: 48, special: false });
    const job = child(resources, "Container", "shop-migrate");
    assert.deepEqual(job.inputs, {
      image,
      entrypoints: ["shop", "migrate"],
      envs: [...envs, "PGOPTIONS=-c idle_in_transaction_session_timeout=0 -c lock_timeout=60s"].toSorted(),
      user,
      mounts: files,
      networksAdvanced: [{ name: "own" }],
      labels: labels("job", "shop"),
      ...onceSettings,
      ...hardening({ memory: 256 }),
    });
  });

  test("starts no new replica before its database is migrated", async () => {
    const { resources } = await record(make({ ...least, database: true, jobs: { migrate: ["shop", "migrate"] } }));
    const order = resources.map(({ name, type }) => `${type.split(":").at(-1)} ${name}`);
    const position = (name: string) => order.indexOf(name);
    assert.ok(position("Container shop-database") < position("Container shop-migrate"));
    assert.ok(position("Container shop-migrate") < position("Container shop-web-0"));
    const workload = resources.find(({ type, name }) => type === "berth:index:Workload" && name === "shop-web");
    // The password is taken out of what the job may print.
    assert.deepEqual(workload?.dependsOn, ["shop-database-password", "shop-migrate"]);
  });

  test("starts nothing before the Redis that it uses has read its data and answers", async () => {
    // Its secrets, which every container of it mounts.
    const waits = async (definition: AppDefinition) => (await record(make(definition))).resources.find(({ type, name }) => type === "berth:index:Files" && name === "shop-secrets")?.dependsOn;
    assert.deepEqual(await waits({ ...least, cache: true }), ["redis"]);
    assert.deepEqual(await waits(least), []);
  });

  test("whose migration fails gets no new replica, and the error has the job's last lines", () => {
    // In a process of its own: the failure rejects outputs that nobody awaits.
    const { stdout, stderr } = spawnSync(process.execPath, [join(import.meta.dirname, "failing-migration.ts")], { encoding: "utf8", timeout: 60_000 });
    const { resources, messages } = JSON.parse(stdout || stderr) as { resources: string[]; messages: string[] };
    assert.ok(resources.includes("shop-migrate"));
    assert.ok(!resources.includes("shop-web-0"));
    assert.match(messages[0] ?? "", /"shop-migrate" ended with exit code 1[^]*no such table/);
  });
});
