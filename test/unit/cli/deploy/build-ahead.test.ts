import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { buildAhead } from "../../../../cli/deploy/build-ahead.ts";
import { layersFrom } from "../../../../cli/images/layers-from.ts";
import { Project } from "../../../../cli/project.ts";
import type { Registration } from "../../../../cli/deploy/recorded-program.ts";
import { contextHash } from "../../../../pulumi/docker-build/context-hash.ts";
import { types } from "../../../../pulumi/resource-types.ts";
import { FakeBuildx } from "./fake-buildx.ts";

const image: Registration = {
  type: types.built,
  name: "shop-image",
  urn: `urn:pulumi:dev::berth::${types.built}::shop-image`,
  inputs: {
    context: { location: "/berth/apps/shop" },
    dockerfile: { location: "/berth/apps/shop/Dockerfile" },
    tags: ["ghcr.io/acme/shop:build"],
    push: true,
    registries: [{ address: "ghcr.io", username: "acme", password: "secret" }],
  },
  protect: false,
  retainOnDelete: true,
};

/** As buildx 0.13 with BuildKit of Engine 26 ends where a registry does not give a base image. */
const refused = (base: string, answer: string) => `#2 [internal] load metadata for ${base}
#2 ERROR: ${answer}
------
 > [internal] load metadata for ${base}:
------
Dockerfile:1
--------------------
   1 | >>> FROM ${base}
--------------------
ERROR: failed to solve: ${base}: failed to resolve source metadata for ${base}: ${answer}
`;

/** As it ends where a step fails that prints what a registry could have said. */
const step = `#5 [2/2] RUN ./fetch
#5 0.739 touch: cannot touch '/a/b': Permission denied
#5 0.739 curl: (22) The requested URL returned error: 403
#5 0.740 ERROR: failed to solve: ghcr.io/acme/base:1: failed to resolve source metadata for ghcr.io/acme/base:1: unauthorized
#5 ERROR: process "/bin/sh -c ./fetch" did not complete successfully: exit code: 1
------
 > [2/2] RUN ./fetch:
0.739 curl: (22) The requested URL returned error: 403
------
ERROR: failed to solve: process "/bin/sh -c ./fetch" did not complete successfully: exit code: 1
`;

describe("a build ahead of the update that fails", () => {
  test("is the update's where the registry of a base image refused it, and the update logs in there", async () => {
    using buildx = new FakeBuildx(refused("ghcr.io/acme/base:1", "failed to authorize: failed to fetch anonymous token: unexpected status from GET request to https://ghcr.io/token?scope=repository%3Aacme%2Fbase%3Apull&service=ghcr.io: 401 Unauthorized"), 1);
    await buildAhead([image], {}, {});
    assert.equal(buildx.asked.length, 1);
  });

  test("stops it where another registry refused a base image: the update would ask with no login either", async () => {
    using _ = new FakeBuildx(refused("docker.io/nosuch/private:1", "pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed"), 1);
    await assert.rejects(buildAhead([image], {}, {}), /the image of shop can't be built .*\n[^]*pull access denied/);
  });

  test("stops it where a step failed, whatever the step printed", async () => {
    using _ = new FakeBuildx(step, 1);
    await assert.rejects(buildAhead([image], {}, {}), /the image of shop can't be built .*\n[^]*returned error: 403/);
  });
});

test("an image of which nothing has changed is built ahead where the update replaces it, and else not, as either engine records it", async () => {
  const folder = mkdtempSync(join(tmpdir(), "berth-replaced-"));
  after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "Dockerfile");
  writeFileSync(file, "FROM scratch\n");
  const same = { ...image, inputs: { ...image.inputs, context: { location: folder }, dockerfile: { location: file } } };
  const record = { ...same, custom: true, outputs: { contextHash: await contextHash(folder, file) } };
  const state = { resources: [record] };
  using buildx = new FakeBuildx("", 0);
  await buildAhead([same], state, {});
  await buildAhead([same], { resources: [{ ...record, inputs: { ...same.inputs, target: "" } }] }, {});
  assert.equal(buildx.asked.length, 0);
  await buildAhead([same], state, { replace: [same.urn] });
  assert.equal(buildx.asked.length, 1);
});

describe("a build ahead of the update that begins with layers from elsewhere", () => {
  test("reads those of the image's own name there, and writes none", async () => {
    using buildx = new FakeBuildx("", 0);
    await buildAhead([image, { ...image, inputs: { ...image.inputs, tags: ["127.0.0.1:5555/shop-admin:build"] } }], {}, { layersFrom: "registry.example.com:5000/acme" });
    assert.deepEqual(buildx.asked.flatMap((line) => line.match(/--cache-\S+ \S+/g) ?? []).toSorted(), ["shop-admin", "shop"].map((name) => `--cache-from type=registry,ref=registry.example.com:5000/acme/${name}:build`));
    for (const line of buildx.asked) assert.doesNotMatch(line, /--cache-to|--push/);
  });

  test("has them from the stack that the environment names; one that has no such registry is refused, with those that have", () => {
    const folder = mkdtempSync(join(tmpdir(), "berth-layers-"));
    after(() => rmSync(folder, { recursive: true }));
    writeFileSync(join(folder, "Pulumi.ci.yaml"), "config: { 'berth:registry': { host: ghcr.io, owner: acme, username: acme } }\n");
    writeFileSync(join(folder, "Pulumi.dev.yaml"), "config: {}\n");
    const from = (value: string) => layersFrom(new Project(folder), { BERTH_LAYERS_FROM: value });
    assert.equal(from("ci"), "ghcr.io/acme");
    assert.equal(from(""), undefined);
    for (const name of ["dev", "nosuch"]) assert.throws(() => from(name), new RegExp(`BERTH_LAYERS_FROM is "${name}", but must be a stack whose berth:registry has a host: ci$`));
  });
});

describe("images that compile", () => {
  const folder = mkdtempSync(join(tmpdir(), "berth-build-ahead-"));
  after(() => rmSync(folder, { recursive: true }));
  const go = join(folder, "go");
  const image = (name: string, base: string): Registration => {
    const location = join(folder, `${name}.Dockerfile`);
    writeFileSync(location, `ARG IMAGE=${base}\nFROM $IMAGE AS build\n`);
    return { type: types.built, name: `${name}-image`, urn: `urn:pulumi:dev::berth::${types.built}::${name}-image`, inputs: { context: { location: folder }, dockerfile: { location } }, protect: false, retainOnDelete: true };
  };
  const images = [image("rust", "rust:1-slim-trixie"), image("golang", "golang:1.24-trixie"), image("node", "node:24-trixie-slim")];
  /** Ends builds with a compiler only when the file `go` is there, and at once all others. */
  const patient = `case "$*" in *rust.Dockerfile*|*golang.Dockerfile*) until [ -e ${go} ] || [ ! -d ${folder} ]; do sleep 0.02; done;; esac`;
  const told: string[] = [];
  const onEvent = ({ phase, name }: { phase: string; name: string }) => void told.push(`${phase} ${name}`);
  const started = ["start node-image", "done node-image", "start rust-image", "start golang-image"];

  test("go on beside the first update of a stack, which has nothing yet that a build could harm", async () => {
    using _ = new FakeBuildx("", 0, patient);
    told.length = 0;
    const beside = await buildAhead(images, {}, { onEvent });
    assert.deepEqual(told, started);
    await beside[Symbol.asyncDispose]();
    assert.deepEqual(told, started, "what still runs is ended, and nothing is told of it");
  });

  test("are built before any later update, after those that compile nothing", async () => {
    using _ = new FakeBuildx("", 0, patient);
    told.length = 0;
    let ended = false;
    const running = buildAhead(images, { resources: [{ urn: "urn:pulumi:dev::berth::docker:index/volume:Volume::data", type: types.volume, custom: true }] }, { onEvent }).finally(() => (ended = true));
    while (told.length < started.length) await new Promise(setImmediate);
    assert.deepEqual(told, started);
    assert.ok(!ended, "it waits for them");
    writeFileSync(go, "");
    await running;
    assert.deepEqual(told.slice(started.length).toSorted(), ["done golang-image", "done rust-image"]);
  });

  test("are not begun where one that compiles nothing fails", async () => {
    using buildx = new FakeBuildx("ERROR: failed to solve: exit code: 1\n", 1);
    await assert.rejects(buildAhead(images, {}, {}), /the image of node can't be built/);
    assert.equal(buildx.asked.length, 1);
  });
});
