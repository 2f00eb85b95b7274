import assert from "node:assert/strict";
import { describe, test } from "node:test";
import * as pulumi from "@pulumi/pulumi";
import { Registry, registryOf, renderRegistryConfig } from "../../../components/image/registry.ts";
import { child, customs, filesVolume, hardening, health, labels, onHost, platform } from "../platform.ts";
import { record } from "../recorder.ts";

const make = () => new Registry("registry", { platform, port: 5555 }, onHost());

describe("the stack's own registry", () => {
  test("is a data volume, its configuration, a password, a network and the server", async () => {
    const { resources } = await record(make);
    assert.deepEqual(customs(resources), [
      "Container registry",
      "Container registry-config-filler",
      "Container registry-data-owner",
      "Network registry-network",
      "RandomId registry-config-version",
      "RandomPassword registry-password",
      "Volume registry-config-volume",
      "Volume registry-data-volume",
    ]);
    assert.deepEqual(child(resources, "RandomPassword", "registry-password").inputs, { length: 32, special: false });
    assert.deepEqual(child(resources, "Network", "registry-network").inputs, { name: "berth-test-registry", driver: "bridge", labels: labels("network") });
    const data = child(resources, "Volume", "registry-data-volume");
    assert.deepEqual([data.protect, data.retainOnDelete], [false, true]);
  });

  test("listens on 127.0.0.1 alone, as a user of its own", async () => {
    const { resources } = await record(make);
    const server = child(resources, "Container", "registry");
    assert.deepEqual(server.inputs, {
      image: "registry@sha256:1",
      entrypoints: ["registry"],
      command: ["serve", "/etc/berth/config.yml"],
      user: "65533:65533",
      mounts: [
        { type: "volume", source: "berth-test-registry-data", target: "/var/lib/registry", readOnly: false },
        { type: "volume", source: filesVolume("registry-config"), target: "/etc/berth", readOnly: true },
      ],
      networksAdvanced: [{ name: "berth-test-registry", aliases: ["registry"] }],
      ports: [{ internal: 5000, external: 5555, ip: "127.0.0.1", protocol: "tcp" }],
      labels: labels("registry"),
      healthcheck: health(["CMD", "wget", "-q", "-O", "/dev/null", "http://127.0.0.1:5001/debug/health"]),
      wait: true,
      waitTimeout: 60,
      restart: "unless-stopped",
      stopTimeout: 10,
      destroyGraceSeconds: 10,
      ...hardening({ memory: 128 }),
    });
    assert.deepEqual([server.deleteBeforeReplace, server.parent, server.provider], [true, "registry", "host"]);
  });

  test("keeps its login's hash a secret file, and gives the password as a secret once it answers", async () => {
    const { resources, result } = await record(make);
    const filler = child(resources, "Container", "registry-config-filler");
    assert.deepEqual(filler.inputs["uploads"], [
      { file: "/files/config.yml", content: renderRegistryConfig(), permissions: "0444" },
      { file: "/files/htpasswd", content: "berth:bcrypt-of-registry-password\n", permissions: "0444" },
    ]);
    assert.deepEqual(filler.secretInputs, ["uploads.1.content"]);
    const { password, ...login } = result.login;
    assert.equal(await pulumi.isSecret(pulumi.output(password)), true);
    const shown = await new Promise((resolve) => void pulumi.output(login).apply(resolve));
    assert.deepEqual(shown, { prefix: "127.0.0.1:5555", address: "127.0.0.1:5555", username: "berth" });
  });
});

test("a registry elsewhere is a login and no resource; without one the stack has its own", async () => {
  const elsewhere = { host: "ghcr.io", owner: "acme", username: "berth", password: pulumi.secret("hidden"), cache: true };
  const { resources, result } = await record(() => ({ login: registryOf("registry", elsewhere, onHost()) }));
  assert.deepEqual(customs(resources), []);
  const { password, ...login } = result.login;
  assert.equal(await pulumi.isSecret(pulumi.output(password)), true);
  assert.deepEqual(login, { prefix: "ghcr.io/acme", address: "ghcr.io", username: "berth", cache: true });
  const own = await record(() => void registryOf("registry", { platform, port: 5555 }, onHost()));
  assert.deepEqual(child(own.resources, "Container", "registry").inputs["ports"], [{ internal: 5000, external: 5555, ip: "127.0.0.1", protocol: "tcp" }]);
});
