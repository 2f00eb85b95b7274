import assert from "node:assert/strict";
import { describe, test } from "node:test";
import * as fc from "fast-check";
import { seconds } from "../../../components/docker/health.ts";
import { envList, Workload } from "../../../components/app/workload.ts";
import type { WorkloadArgs } from "../../../components/app/workload-args.ts";
import { child, customs, hardening, health, labels, onHost, platform } from "../platform.ts";
import { record } from "../recorder.ts";

const args: WorkloadArgs = {
  platform,
  app: "shop",
  image: "shop@sha256:2",
  user: "10001:10001",
  health: ["shop", "health"],
  memory: 256,
  networks: [{ name: "edge" }, { name: "own" }],
};

const inputs = {
  image: "shop@sha256:2",
  envs: [],
  user: "10001:10001",
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

describe("a workload", () => {
  test("is one hardened, health-gated container by default", async () => {
    const { resources } = await record(() => new Workload("shop-web", args, onHost()));
    assert.deepEqual(customs(resources), ["Container shop-web-0"]);
    assert.deepEqual(child(resources, "Container", "shop-web-0").inputs, inputs);
  });

  test("of three replicas is three equal containers that do not wait for each other, replaced create first", async () => {
    const { resources, result } = await record(() => new Workload("shop-web", { ...args, replicas: 3 }, onHost()));
    assert.deepEqual(customs(resources), ["Container shop-web-0", "Container shop-web-1", "Container shop-web-2"]);
    for (const index of [0, 1, 2]) {
      const replica = child(resources, "Container", `shop-web-${index}`);
      assert.deepEqual(replica.inputs, inputs);
      assert.deepEqual([replica.dependsOn, replica.deleteBeforeReplace, replica.parent, replica.provider], [[], false, "shop-web", "host"]);
      assert.deepEqual(replica.replaceOnChanges, ["healthcheck", "mounts", "tmpfs", "#initerror"]);
    }
    const names = await new Promise((resolve) => void result.servers.apply(resolve));
    assert.deepEqual(names, ["shop-web-0-0a1b2c3", "shop-web-1-0a1b2c3", "shop-web-2-0a1b2c3"]);
  });

  test("passes every argument on", async () => {
    const { resources } = await record(
      () =>
        new Workload(
          "shop-web",
          {
            ...args,
            entrypoint: ["/shop"],
            command: ["serve"],
            env: { B: "2", A: "1" },
            cpus: 2,
            processes: 64,
            healthWait: 90,
            stopGrace: 5,
            mounts: [{ type: "volume", source: "v", target: "/v", readOnly: true }],
            loosening: { capabilities: ["NET_BIND_SERVICE"], writableRoot: true, tmpfs: {} },
          },
          onHost(),
        ),
    );
    assert.deepEqual(child(resources, "Container", "shop-web-0").inputs, {
      ...inputs,
      entrypoints: ["/shop"],
      command: ["serve"],
      envs: ["A=1", "B=2"],
      mounts: [{ type: "volume", source: "v", target: "/v", readOnly: true }],
      healthcheck: health(["CMD", "shop", "health"], "1m30s"),
      waitTimeout: 90,
      stopTimeout: 5,
      destroyGraceSeconds: 5,
      ...hardening({ memory: 256, cpus: "2.0", processes: 64, adds: ["CAP_NET_BIND_SERVICE"], tmpfs: {} }),
      readOnly: false,
    });
  });
});

test("an environment is the same list in whatever order it is written", () => {
  fc.assert(
    fc.property(fc.dictionary(fc.stringMatching(/^[A-Z_]{1,6}$/), fc.string()), (env) => {
      const reversed = Object.fromEntries(Object.entries(env).toReversed());
      assert.deepEqual(envList(env), envList(reversed));
      assert.equal(envList(env).length, Object.keys(env).length);
    }),
  );
});

test("a duration is in the form that the provider reads back", () => {
  assert.deepEqual([0, 1, 59, 60, 61, 90, 120, 3600].map(seconds), ["0s", "1s", "59s", "1m0s", "1m1s", "1m30s", "2m0s", "1h0m0s"]);
});
