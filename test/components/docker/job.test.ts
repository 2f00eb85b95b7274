import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { describe, test } from "node:test";
import * as pulumi from "@pulumi/pulumi";
import { Job, jobFailure } from "../../../components/docker/job.ts";
import { child, customs, hardening, labels, onceSettings, onHost, platform } from "../platform.ts";
import { record, secretOf } from "../recorder.ts";

describe("a job", () => {
  test("is one hardened container, attached, without network unless given one", async () => {
    const { resources } = await record(() => new Job("migrate", { platform, image: "app@sha256:2", entrypoint: ["app", "migrate"], user: "10001:10001" }, onHost()));
    assert.deepEqual(customs(resources), ["Container migrate"]);
    const container = child(resources, "Container", "migrate");
    assert.deepEqual(container.inputs, {
      image: "app@sha256:2",
      entrypoints: ["app", "migrate"],
      user: "10001:10001",
      networkMode: "none",
      labels: labels("job"),
      ...onceSettings,
      ...hardening({ memory: 128 }),
    });
    assert.deepEqual([container.deleteBeforeReplace, container.ignoreChanges, container.parent, container.provider], [false, [], "migrate", "host"]);
    assert.deepEqual(container.timeouts, { create: "1800s" });
  });

  test("passes every argument on", async () => {
    const { resources } = await record(
      () =>
        new Job(
          "migrate",
          {
            platform,
            app: "shop",
            image: "app@sha256:2",
            entrypoint: ["/bin/sh", "-ec"],
            command: ["true"],
            env: ["A=1"],
            user: "1:1",
            loosening: { capabilities: ["CHOWN", "FOWNER"], tmpfs: { "/run": 8 } },
            mounts: [{ type: "volume", source: "v", target: "/v" }],
            networks: [{ name: "one" }, { name: "two" }],
            memory: 64,
            processes: 32,
            limit: 90,
          },
          { ...onHost(), ignoreChanges: ["image"] },
        ),
    );
    const container = child(resources, "Container", "migrate");
    assert.deepEqual(container.inputs, {
      image: "app@sha256:2",
      entrypoints: ["/bin/sh", "-ec"],
      command: ["true"],
      envs: ["A=1"],
      user: "1:1",
      mounts: [{ type: "volume", source: "v", target: "/v" }],
      networksAdvanced: [{ name: "one" }, { name: "two" }],
      labels: labels("job", "shop"),
      ...onceSettings,
      ...hardening({ memory: 64, processes: 32, adds: ["CAP_CHOWN", "CAP_FOWNER"], tmpfs: { "/run": "rw,noexec,nosuid,nodev,size=8m,mode=1777" } }),
    });
    assert.deepEqual(container.timeouts, { create: "90s" });
    assert.deepEqual(container.ignoreChanges, ["image"]);
  });

  test("keeps what it printed as a secret of the state, and what waits for it is none", async () => {
    const { resources, result } = await record(() => new Job("migrate", { platform, image: "i", entrypoint: ["x"], user: "1:1" }, onHost()), { more: { migrate: { containerLogs: secretOf("canary") } } });
    assert.deepEqual(child(resources, "Container", "migrate").secretOutputs, ["containerLogs"]);
    assert.equal(await pulumi.isSecret(result.done), false);
  });

  test("that fails names none of the values that it was given", async () => {
    const failing = join(import.meta.dirname, "failing-job.ts");
    const printed = execFileSync(process.execPath, [failing], { encoding: "utf8" });
    const [message = ""] = JSON.parse(printed.split("\n").at(-2) ?? "[]") as string[];
    assert.match(message, /the job "migrate" ended with exit code 1/);
    assert.match(message, /password \[secret\] refused at postgres:\/\/me:\[secret\]@db/);
    assert.doesNotMatch(message, /canary/);
  });

  test("that ends with 0 lets what waits for it go on", async () => {
    const { result } = await record(() => new Job("migrate", { platform, image: "i", entrypoint: ["x"], user: "1:1" }, onHost()));
    const container = await new Promise<{ urn: unknown }>((resolve) => void result.done.apply(resolve));
    assert.ok(container.urn);
  });

  test("that ends with another exit code says what failed, its last 20 lines, and how to go on", () => {
    const logs = `${Array.from({ length: 30 }, (_, index) => `line ${index}`).join("\n")}\n`;
    const message = jobFailure("migrate", "migrate-0a1b2c3", 3, logs, "urn:x");
    assert.match(message, /"migrate" ended with exit code 3/);
    assert.deepEqual(message.match(/line \d+/g), Array.from({ length: 20 }, (_, index) => `line ${index + 10}`));
    assert.match(message, /docker logs migrate-0a1b2c3/);
    assert.match(message, /pulumi up --replace 'urn:x'/);
  });
});
