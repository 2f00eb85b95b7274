import assert from "node:assert/strict";
import { describe, test } from "node:test";
import * as pulumi from "@pulumi/pulumi";
import { Redis } from "../../../components/redis/redis.ts";
import { loadingTime, renderRedisAcl, renderRedisConf } from "../../../components/redis/redis-config.ts";
import { child, customs, filesVolume, hardening, health, labels, onHost, platform } from "../platform.ts";
import { record } from "../recorder.ts";

const make = () => new Redis("redis", { platform, networks: ["own", "monitoring"], users: ["shop"], memory: 128, policy: "allkeys-lru" }, onHost());

describe("Redis", () => {
  test("is a data volume, its configuration, its users, a password for each, and the server", async () => {
    const { resources } = await record(make);
    assert.deepEqual(customs(resources), [
      "Container redis",
      "Container redis-config-filler",
      "Container redis-data-owner",
      "Container redis-users-filler",
      "RandomId redis-config-version",
      "RandomId redis-users-version",
      "RandomPassword redis-admin-password",
      "RandomPassword redis-exporter-password",
      "RandomPassword redis-shop-password",
      "Volume redis-config-volume",
      "Volume redis-data-volume",
      "Volume redis-users-volume",
    ]);
    for (const user of ["exporter", "shop"]) assert.deepEqual(child(resources, "RandomPassword", `redis-${user}-password`).inputs, { length: 32, special: false });
    const data = child(resources, "Volume", "redis-data-volume");
    assert.deepEqual([data.protect, data.retainOnDelete], [false, true]);
  });

  test("runs on its data as its own user and is never two at once", async () => {
    const { resources } = await record(make);
    const server = child(resources, "Container", "redis");
    assert.deepEqual(server.inputs, {
      image: "redis@sha256:1",
      entrypoints: ["redis-server"],
      command: ["/etc/berth/redis.conf"],
      user: "999:999",
      mounts: [
        { type: "volume", source: "berth-test-redis-data", target: "/data", readOnly: false },
        { type: "volume", source: filesVolume("redis-config"), target: "/etc/berth", readOnly: true },
        { type: "volume", source: filesVolume("redis-users"), target: "/run/secrets", readOnly: true },
      ],
      networksAdvanced: [
        { name: "own", aliases: ["redis"] },
        { name: "monitoring", aliases: ["redis"] },
      ],
      labels: labels("redis"),
      healthcheck: health(["CMD-SHELL", "redis-cli ping | grep -q PONG"], "1m32s"),
      wait: true,
      waitTimeout: 92,
      restart: "unless-stopped",
      stopTimeout: 30,
      destroyGraceSeconds: 30,
      ...hardening({ memory: 128, processes: 2048 }),
    });
    assert.deepEqual([server.deleteBeforeReplace, server.parent, server.provider], [true, "redis", "host"]);
  });

  test("is waited for as long as it may read an append-only file of twice its memory", () => {
    assert.deepEqual([32, 128, 4096].map(loadingTime), [68, 92, 1084]);
  });

  test("is given its rendered configuration in plain and its users as a secret", async () => {
    const { resources } = await record(make);
    assert.deepEqual(child(resources, "Container", "redis-config-filler").inputs["uploads"], [
      { file: "/files/redis.conf", content: renderRedisConf(128, "allkeys-lru"), permissions: "0444" },
    ]);
    const users = child(resources, "Container", "redis-users-filler");
    const content = renderRedisAcl({ shop: "password-of-redis-shop-password" }, "password-of-redis-exporter-password", "password-of-redis-admin-password");
    assert.deepEqual(users.inputs["uploads"], [
      { file: "/files/users.acl", content, permissions: "0444" },
      { file: "/files/admin-password", content: "password-of-redis-admin-password", permissions: "0444" },
    ]);
    assert.deepEqual(users.secretInputs, ["uploads.0.content", "uploads.1.content"]);
  });

  test("gives passwords and URLs as secrets, and refuses an unknown application", async () => {
    const { result } = await record(make);
    for (const [output, expected] of [
      [result.password("shop"), "password-of-redis-shop-password"],
      [result.exporterPassword, "password-of-redis-exporter-password"],
      [result.url("shop"), "redis://shop:password-of-redis-shop-password@redis:6379/0"],
    ] as const) {
      assert.equal(await pulumi.isSecret(output), true);
      assert.equal(await new Promise((resolve) => void output.apply(resolve)), expected);
    }
    assert.throws(() => result.url("cart"), /no Redis user "cart"; users are shop/);
  });
});
