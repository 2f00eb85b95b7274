import assert from "node:assert/strict";
import { describe, test } from "node:test";
import * as pulumi from "@pulumi/pulumi";
import { Files } from "../../../components/docker/files.ts";
import { child, customs, filesVolume, labels, onHost, platform } from "../platform.ts";
import { record } from "../recorder.ts";

describe("files", () => {
  const make = () => new Files("conf", { platform, files: { "a.conf": "plain", "b.key": pulumi.secret("hidden") } }, onHost());

  test("are a volume named by a random suffix, filled by a container that never starts", async () => {
    const { resources } = await record(make);
    assert.deepEqual(customs(resources), ["Container conf-filler", "RandomId conf-version", "Volume conf-volume"]);
    assert.deepEqual(child(resources, "RandomId", "conf-version").inputs, { byteLength: 4, keepers: { "a.conf": "plain", "b.key": "hidden" } });
    const volume = child(resources, "Volume", "conf-volume");
    assert.deepEqual(volume.inputs, { name: filesVolume("conf"), labels: labels("files") });
    assert.equal(volume.deleteBeforeReplace, false, "the old one is in use until the new one is");
    assert.deepEqual([volume.protect, volume.retainOnDelete], [false, false]);
    const filler = child(resources, "Container", "conf-filler");
    assert.deepEqual(filler.inputs, {
      image: "toolbox@sha256:1",
      command: ["true"],
      start: false,
      mustRun: false,
      networkMode: "none",
      labels: labels("files"),
      mounts: [{ type: "volume", source: filesVolume("conf"), target: "/files" }],
      uploads: [
        { file: "/files/a.conf", content: "plain", permissions: "0444" },
        { file: "/files/b.key", content: "hidden", permissions: "0444" },
      ],
    });
    assert.deepEqual([filler.deleteBeforeReplace, filler.ignoreChanges, filler.parent, filler.provider], [false, ["image"], "conf", "host"]);
  });

  test("that are secret stay secret in the keepers and the uploads, and the others are shown", async () => {
    const { resources } = await record(make);
    assert.deepEqual(child(resources, "RandomId", "conf-version").secretInputs, ["keepers.b.key"]);
    assert.deepEqual(child(resources, "Container", "conf-filler").secretInputs, ["uploads.1.content"]);
    assert.deepEqual(child(resources, "Volume", "conf-volume").secretInputs, []);
  });

  test("are mounted read-only", async () => {
    const { result } = await record(make);
    const { source, ...mount } = result.mount("/etc/berth");
    assert.deepEqual(mount, { type: "volume", target: "/etc/berth", readOnly: true });
    assert.equal(await new Promise((resolve) => void pulumi.output(source).apply(resolve)), filesVolume("conf"));
  });
});
