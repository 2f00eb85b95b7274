import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { buildOf, otherSource, parsePlatforms, partTag } from "../../../../cli/images/image-platforms.ts";

describe("the platforms of an image", () => {
  test("are a list", () => {
    assert.deepEqual(parsePlatforms("linux/amd64, linux/arm64,linux/amd64"), ["linux/amd64", "linux/arm64"]);
    assert.deepEqual(parsePlatforms("linux/arm/v7"), ["linux/arm/v7"]);
    for (const wrong of ["", "arm64", "linux/amd64,", "windows/amd64"]) assert.throws(() => parsePlatforms(wrong), { code: 2, message: /is no platform: give them as linux\/amd64,linux\/arm64/ }, wrong);
  });

  test("have a tag each, of the commit", () => {
    assert.equal(partTag("sha-0123456", "linux/arm64"), "sha-0123456-arm64");
    assert.equal(partTag("sha-0123456", "linux/arm/v7"), "sha-0123456-arm-v7");
  });

  test("are built from the inputs of the build that runs, and from nothing else", () => {
    const build = (repository: string) => ({ urn: `urn::${repository}`, custom: true, type: "docker-build:index:Image", inputs: { tags: [`${repository}:build`] } });
    const state = { resources: [build("ghcr.io/acme/rooted"), build("ghcr.io/acme/root")] };
    assert.deepEqual(buildOf(state, "ghcr.io/acme/root"), { tags: ["ghcr.io/acme/root:build"] });
    assert.equal(buildOf(state, "ghcr.io/acme/shop"), undefined);
    assert.equal(buildOf({}, "ghcr.io/acme/root"), undefined);
  });

  test("are built from the source of what runs, and from no other", () => {
    const revision = (value: string) => ({ "org.opencontainers.image.revision": value });
    const inputs = { context: { location: "/berth/apps/root" }, labels: revision("0f3c") };
    assert.equal(otherSource(inputs, () => revision("0f3c")), undefined);
    assert.equal(otherSource(inputs, () => revision("91ab-dirty")), "the stack runs 0f3c, and /berth/apps/root is at 91ab-dirty");
    assert.equal(otherSource(inputs, () => ({})), "the stack runs 0f3c, and /berth/apps/root is at none");
  });
});
