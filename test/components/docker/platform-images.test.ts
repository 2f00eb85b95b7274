import assert from "node:assert/strict";
import { test } from "node:test";
import * as pulumi from "@pulumi/pulumi";
import { PlatformImages } from "../../../components/docker/platform-images.ts";
import lock from "../../../config/images.lock.json" with { type: "json" };
import { imageRoles } from "../../../components/docker/platform.ts";
import { child, customs, onHost } from "../platform.ts";
import { record } from "../recorder.ts";

const references = Object.fromEntries(imageRoles.map((role) => [role, lock[role]])) as Record<(typeof imageRoles)[number], string>;

test("platform images are pulled by the lock file's names, kept, and used by digest", async () => {
  const { resources, result } = await record(() => {
    const images = new PlatformImages("images", { references }, onHost());
    for (const role of imageRoles) void images.pull(role);
    return images;
  });
  assert.deepEqual(customs(resources), imageRoles.map((role) => `RemoteImage images-${role}`).toSorted());
  for (const role of imageRoles) assert.deepEqual(child(resources, "RemoteImage", `images-${role}`).inputs, { name: lock[role], keepLocally: true });
  const asked = Object.fromEntries(imageRoles.map((role) => [role, result.pull(role)]));
  const used = await new Promise<Record<string, string>>((resolve) => void pulumi.output(asked).apply(resolve));
  assert.match(used["postgres"] ?? "", /^postgres@sha256:[0-9a-f]{64}$/);
  assert.match(used["prometheus"] ?? "", /^prom\/prometheus@sha256:[0-9a-f]{64}$/);
});

test("an image that no part asks for is not pulled, and one that two ask for is pulled once", async () => {
  const { resources } = await record(() => {
    const asked = new PlatformImages("images", { references }, onHost());
    // Pulumi looks into what an Output holds.
    void pulumi.output({ platform: { image: (role: "redis") => asked.pull(role), asked } }).apply((seen) => seen);
    return [asked.pull("redis"), asked.pull("redis")];
  });
  assert.deepEqual(customs(resources), ["RemoteImage images-redis"]);
});

test("a platform image that no registry has is used by its id", async () => {
  const { result } = await record(() => new PlatformImages("images", { references }, onHost()), { more: { "images-redis": { repoDigest: "", imageId: "sha256:abc" } } });
  assert.equal(await new Promise((resolve) => void pulumi.output(result.pull("redis")).apply(resolve)), "sha256:abc");
});
