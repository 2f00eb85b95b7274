import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Volume } from "../../../components/docker/volume.ts";
import { child, customs, hardening, labels, onceSettings, onHost, platform } from "../platform.ts";
import { record } from "../recorder.ts";

describe("a volume", () => {
  test("is a volume and a job that gives it to its owner, with the capability for that alone", async () => {
    const { resources } = await record(() => new Volume("data", { platform, owner: 999, data: true }, onHost()));
    assert.deepEqual(customs(resources), ["Container data-owner", "Volume data-volume"]);
    assert.deepEqual(child(resources, "Volume", "data-volume").inputs, { name: "berth-test-data", labels: labels("data") });
    const job = child(resources, "Container", "data-owner");
    assert.deepEqual(job.inputs, {
      image: "toolbox@sha256:1",
      entrypoints: ["chown"],
      command: ["999:999", "/volume"],
      user: "0:0",
      mounts: [{ type: "volume", source: "berth-test-data", target: "/volume" }],
      networkMode: "none",
      labels: labels("job"),
      ...onceSettings,
      ...hardening({ memory: 128, adds: ["CAP_CHOWN"] }),
    });
    assert.deepEqual(job.ignoreChanges, ["image"], "a newer toolbox is no reason to run it again");
    assert.deepEqual(job.dependsOn, ["data-volume"]);
    assert.equal(job.provider, "host");
  });

  test("with data is kept, and may leave the stack; one that the stack can't be without is protected", async () => {
    for (const permanent of [false, true]) {
      const { resources } = await record(() => new Volume("data", { platform, owner: 999, data: true, permanent }, onHost()));
      const { protect, retainOnDelete, parent, provider } = child(resources, "Volume", "data-volume");
      assert.deepEqual({ protect, retainOnDelete, parent, provider }, { protect: permanent, retainOnDelete: true, parent: "data", provider: "host" });
    }
  });

  test("of an application says whose it is", async () => {
    const { resources } = await record(() => new Volume("data", { platform, owner: 999, data: true, app: "shop" }, onHost()));
    assert.deepEqual(child(resources, "Volume", "data-volume").inputs["labels"], labels("data", "shop"));
  });

  test("with data is never replaced, whatever it is asked to be: one made beforehand on another disk is taken as it is", async () => {
    const { resources } = await record(() => new Volume("data", { platform, owner: 999, data: true }, onHost()));
    assert.deepEqual(child(resources, "Volume", "data-volume").ignoreChanges, ["name", "labels", "driver", "driverOpts"], "a replacement would be a new, empty volume");
  });

  test("without data is neither, and is labelled as what a stack needs while it runs", async () => {
    const { resources } = await record(() => new Volume("socket", { platform, owner: 999 }, onHost()));
    const volume = child(resources, "Volume", "socket-volume");
    assert.deepEqual({ protect: volume.protect, retainOnDelete: volume.retainOnDelete }, { protect: false, retainOnDelete: false });
    assert.deepEqual(volume.inputs["labels"], labels("runtime"));
  });

  test("is mounted writable unless asked otherwise, once its owner is set", async () => {
    const { result, resources } = await record(() => new Volume("data", { platform, owner: 999 }, onHost()), { more: { "data-owner": { exitCode: 0 } } });
    const mounts = [result.mount("/a"), result.mount("/b", true)];
    assert.deepEqual(mounts.map(({ target, readOnly }) => [target, readOnly]), [["/a", false], ["/b", true]]);
    assert.equal(await new Promise((resolve) => void result.volumeName.apply(resolve)), "berth-test-data");
    assert.equal(resources.length, 5);
  });
});
