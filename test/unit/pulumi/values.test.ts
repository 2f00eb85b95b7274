import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { it } from "node:test";
import * as fc from "fast-check";
import { buildArguments, buildEnvironment, reference } from "../../../pulumi/docker-build/arguments.ts";
import { contextHash, modeText } from "../../../pulumi/docker-build/context-hash.ts";
import { decide, describeChanges, mustFollow } from "../../../engine/decision.ts";
import { bareHost, registryOf } from "../../../docker/login.ts";
import { registryLogins } from "../../../engine/docker/host.ts";
import { repoDigest } from "../../../engine/docker/image.ts";
import { containerSchema, networkSchema } from "../../../engine/docker/schema.ts";
import { containerSpec, nanoseconds } from "../../../engine/docker/spec.ts";
import type { Goal } from "../../../pulumi/goal.ts";
import { IgnoreRules } from "../../../pulumi/docker-build/ignore.ts";
import { changedAt, ignoreChanges, parsePath } from "../../../pulumi/path.ts";
import { resourceType } from "../../../engine/providers.ts";
import { randomText } from "../../../engine/random.ts";
import { checkInputs, checkNamed, diffInputs } from "../../../engine/schema.ts";
import type { Resource } from "../../../pulumi/state.ts";
import { makeUrn, nameOf, splitReference, typeOf } from "../../../pulumi/urn.ts";
import { equal, mask, secret, show, textOf, UNKNOWN, type Props } from "../../../pulumi/values.ts";

const container = resourceType("docker:index/container:Container", "x");

function check(inputs: Props, old?: Props): Props {
  return checkNamed("docker.Container", containerSchema, "web", { image: "i", ...inputs }, old);
}

it("names resources as Pulumi does", () => {
  const stack = makeUrn("dev", "p", "", "pulumi:pulumi:Stack", "p-dev");
  const group = makeUrn("dev", "p", stack, "t:m:Group", "g");
  const child = makeUrn("dev", "p", group, "docker:index/container:Container", "a::b");
  assert.equal(child, "urn:pulumi:dev::p::t:m:Group$docker:index/container:Container::a::b");
  assert.equal(nameOf(child), "a::b");
  assert.equal(typeOf(child), "docker:index/container:Container");
  assert.deepEqual(splitReference(`${child}::id`), { urn: child, id: "id" });
});

it("fills in the defaults that the CLI records, and keeps an automatic name", () => {
  const first = check({ ports: [{ internal: 80 }] });
  assert.deepEqual(first["__defaults"], ["containerReadRefreshTimeoutMilliseconds", "mustRun", "name", "networkMode", "removeVolumes", "restart", "start", "waitTimeout"]);
  assert.match(textOf(first, "name"), /^web-[0-9a-f]{7}$/);
  assert.deepEqual(first["ports"], [{ __defaults: ["ip", "protocol"], internal: 80, ip: "0.0.0.0", protocol: "tcp" }]);
  assert.equal(check({}, first)["name"], first["name"]);
  assert.notEqual(check({})["name"], first["name"]);
});

it("names every input that it does not support or that is missing", () => {
  assert.throws(() => checkInputs("docker.Container", containerSchema, { gpus: "all", mounts: [{ type: "volume", tmpfsOptions: {} }] }), (error: Error) => {
    for (const part of ["gpus", "mounts[0].tmpfsOptions", "mounts[0].target is missing", "image is missing"]) {
      assert.ok(error.message.includes(part), `${part} in ${error.message}`);
    }
    return true;
  });
  assert.throws(() => resourceType("aws:s3/bucket:Bucket", "urn:x"), /aws:s3\/bucket:Bucket is not supported/);
});

it("makes an input secret as a whole when a part of it is", () => {
  const inputs = checkNamed("docker.Container", containerSchema, "web", { image: "i", uploads: [{ file: "/f", content: secret("s") }] }, undefined);
  assert.deepEqual(inputs["uploads"], secret([{ __defaults: [], file: "/f", content: "s" }]));
});

it("knows what replaces a container, what changes in place and what is no change", () => {
  const old = check({ envs: ["A=1", "B=2"], memory: 64, command: ["x"], user: "1" });
  const diff = (next: Props): unknown => diffInputs(containerSchema, old, { ...check({ envs: ["A=1", "B=2"], memory: 64, command: ["x"], user: "1" }, old), ...next });
  assert.deepEqual(diff({}), { changed: [], replace: [] });
  assert.deepEqual(diff({ envs: ["B=2", "A=1"] }), { changed: [], replace: [] }, "a set has no order");
  assert.deepEqual(diff({ readOnly: false, hosts: [] }), { changed: [], replace: [] }, "zero is absent");
  assert.deepEqual(diff({ memory: 96, restart: "always" }), { changed: ["memory", "restart"], replace: [] });
  assert.deepEqual(diff({ image: "j" }), { changed: ["image"], replace: ["image"] });
  assert.deepEqual(diff({ image: UNKNOWN }), { changed: ["image"], replace: ["image"] });
  const { command: _command, ...without } = check({ envs: ["A=1", "B=2"], memory: 64, user: "1" }, old);
  assert.deepEqual(diffInputs(containerSchema, old, without), { changed: [], replace: [] }, "the engine fills the command in");
  assert.deepEqual(diffInputs(networkSchema, { name: "n", internal: true }, { name: "n", internal: true, attachable: true }), { changed: ["attachable"], replace: ["attachable"] });
});

const goal: Goal = { type: "", name: "", custom: true, parent: "", inputs: {}, dependencies: [], propertyDependencies: {}, provider: "", version: "", protect: undefined, retainOnDelete: undefined, deleteBeforeReplace: undefined, ignoreChanges: [], replaceOnChanges: [], additionalSecretOutputs: [], aliases: [], customTimeouts: {}, deletedWith: "" };

it("applies replaceOnChanges and init errors", async () => {
  const inputs = check({});
  const old: Resource = { urn: "u", custom: true, type: "t", id: "1", inputs, outputs: {} };
  const next = { ...inputs, healthcheck: { tests: ["CMD", "x"] } };
  const ops = async (options: Partial<Goal>, from: Resource, to: Props): Promise<unknown> => (await decide(container, { ...goal, ...options }, from, to, [])).op;
  assert.equal(await ops({}, old, inputs), "same");
  assert.equal(await ops({}, old, next), "update");
  assert.equal(await ops({ replaceOnChanges: ["healthcheck"] }, old, next), "replace");
  assert.equal(await ops({ replaceOnChanges: ["*"] }, old, next), "replace");
  assert.equal(await ops({ replaceOnChanges: ["*"] }, old, inputs), "same");
  const failed = { ...old, initErrors: ["not healthy"] };
  assert.equal(await ops({}, failed, inputs), "update");
  assert.equal(await ops({ replaceOnChanges: ["#initerror"] }, failed, inputs), "replace");
  assert.equal(await ops({ replaceOnChanges: ["#initerror"] }, old, inputs), "same");
  const decision = await decide(container, goal, old, inputs, []);
  assert.equal(decision.deleteFirst, true, "the provider's default");
  assert.equal((await decide(container, { ...goal, deleteBeforeReplace: false }, old, inputs, [])).deleteFirst, false);
});

it("finds what must be deleted with what it needs", () => {
  const dependent: Resource = { urn: "u", custom: true, type: "t", id: "1", inputs: check({ networksAdvanced: [{ name: "n" }], memory: 64 }), propertyDependencies: { networksAdvanced: ["net"], memory: ["size"] } };
  assert.equal(mustFollow(container, dependent, new Set(["net"]), UNKNOWN), true);
  assert.equal(mustFollow(container, dependent, new Set(["size"]), UNKNOWN), false, "memory changes in place");
  assert.equal(mustFollow(container, { ...dependent, deletedWith: "other" }, new Set(["other"]), UNKNOWN), true);
});

it("never shows a secret", () => {
  assert.equal(show({ a: secret("s"), b: [secret({ c: "s" })] }), '{"a":"[secret]","b":["[secret]"]}');
  assert.deepEqual(mask({ a: UNKNOWN }), { a: "[unknown]" });
  assert.deepEqual(describeChanges(["a", "b", "#initerror"], { a: secret("s"), b: 1 }, { a: secret("t"), b: 2 }), ['a: "[secret]" => "[secret]"', "b: 1 => 2", "#initerror"]);
});

it("reads property paths and ignores changes at them", () => {
  assert.deepEqual(parsePath('a.b[0]["c.d"][*].e'), ["a", "b", 0, "c.d", "*", "e"]);
  const old = { a: 1, list: [{ x: 1, y: 1 }], gone: 1 };
  const next = { a: 2, list: [{ x: 2, y: 2 }], added: 2 };
  assert.deepEqual(ignoreChanges(["a", "list[0].x", "gone", "added"], old, next), { a: 1, list: [{ x: 1, y: 2 }], gone: 1 });
  assert.deepEqual(ignoreChanges(["list[*].y"], old, next), { ...next, list: [{ x: 2, y: 1 }] });
  assert.deepEqual(ignoreChanges(["*"], old, next), old);
  assert.ok(changedAt("list[0].x", old, next) && !changedAt("list[1].x", old, next));
});

it("compares values whatever the order of their keys", () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const copy = JSON.parse(JSON.stringify(value, (_key, item: unknown) => (typeof item === "object" && item !== null && !Array.isArray(item) ? Object.fromEntries(Object.entries(item).toReversed()) : item))) as Props;
      return equal(copy, JSON.parse(JSON.stringify(value)) as Props);
    }),
  );
  assert.ok(!equal({ a: 1 }, { b: 1 }) && !equal([1, 2], [2, 1]) && !equal(null, undefined) && !equal({}, []));
});

it("makes random texts with what is asked for", () => {
  fc.assert(
    fc.property(fc.integer({ min: 4, max: 64 }), (length) => {
      const text = randomText(length, [{ letters: "ab", on: true, least: 1 }, { letters: "XY", on: false, least: 2 }, { letters: "01", on: true, least: 1 }]);
      return text.length === length && /[ab]/.test(text) && /[01]/.test(text) && text.replace(/[^XY]/g, "").length === 2;
    }),
  );
  assert.throws(() => randomText(1, [{ letters: "a", on: true, least: 2 }]), /length 1/);
});

it("turns inputs into Docker's request", () => {
  const spec = containerSpec(check({ name: "n", ports: [{ internal: 80, external: 8080, ip: "127.0.0.1" }], cpus: "0.5", memory: 64, memorySwap: -1, healthcheck: { tests: ["CMD", "x"], interval: "1m30s" }, labels: [{ label: "a", value: "b" }] }));
  assert.deepEqual(spec.HostConfig?.PortBindings, { "80/tcp": [{ HostIp: "127.0.0.1", HostPort: "8080" }] });
  assert.equal(spec.HostConfig?.NanoCpus, 500_000_000);
  assert.equal(spec.HostConfig?.Memory, 67_108_864);
  assert.equal(spec.HostConfig?.MemorySwap, -1);
  assert.deepEqual(spec.Labels, { a: "b" });
  assert.equal((spec.Healthcheck as { Interval: number }).Interval, 90_000_000_000);
  assert.equal(nanoseconds("500ms"), 500_000_000);
  assert.throws(() => nanoseconds("soon"), /soon/);
});

it("finds registries, logins and digests", () => {
  assert.deepEqual(["debian", "a/b:1", "ghcr.io/a/b@sha256:0", "localhost/x", "127.0.0.1:5555/x"].map(registryOf), ["docker.io", "docker.io", "ghcr.io", "localhost", "127.0.0.1:5555"]);
  assert.equal(bareHost("https://index.docker.io/v1/"), "docker.io");
  assert.deepEqual(registryLogins({ registryAuth: '[{"address":"a","username":"u","password":"p"}]' }), [{ address: "a", username: "u", password: "p" }]);
  assert.equal(repoDigest("r.io:5/x:1", ["y@sha256:1", "r.io:5/x@sha256:2"]), "r.io:5/x@sha256:2");
  assert.equal(reference(["r:5/x", "r:5/y"], "sha256:1"), "r:5/x:latest@sha256:1");
  assert.equal(reference(["r:5/x:1"], ""), "r:5/x:1");
});

it("builds with the arguments that it is given", () => {
  const args = buildArguments({ tags: ["a", "b"], push: true, target: "t", context: { location: "/c" }, buildArgs: { A: "1" }, platforms: ["linux/amd64"], cacheFrom: [{ registry: { ref: "r" } }], builder: { name: "default" } });
  assert.equal(args.join(" "), "--builder default --build-arg A=1 --cache-from type=registry,ref=r --push --platform linux/amd64 --tag a --tag b --target t --file /c/Dockerfile /c");
});

it("names the secrets of a build in its arguments, and has their values in its environment alone", () => {
  const inputs = { context: { location: "/c" }, secrets: { npm: "canary", "api.key": "other" } };
  assert.equal(buildArguments(inputs).join(" "), "--secret id=api.key,env=BERTH_BUILD_SECRET_0 --secret id=npm,env=BERTH_BUILD_SECRET_1 --file /c/Dockerfile /c");
  assert.deepEqual(buildEnvironment(inputs), { BERTH_BUILD_SECRET_0: "other", BERTH_BUILD_SECRET_1: "canary" });
});

it("follows the rules of .dockerignore", () => {
  const rules = new IgnoreRules("# note\n/target\n*.md\n!README.md\n**/*.log\n.git\nsrc/[ab]?.txt\n");
  const ignored = ["target/x/y", "notes.md", "a/b/c.log", "x.log", ".git/HEAD", "src/a1.txt"];
  const kept = ["README.md", "docs/notes.md", "src/target/x", "src/c1.txt", "x.logs"];
  assert.deepEqual(ignored.filter((path) => !rules.ignores(path)), []);
  assert.deepEqual(kept.filter((path) => rules.ignores(path)), []);
});

it("hashes a context by content, name and mode, without what is ignored", async () => {
  const dir = mkdtempSync(join(tmpdir(), "engine-unit-"));
  mkdirSync(join(dir, "src"));
  writeFileSync(join(dir, "Dockerfile"), "FROM scratch\n");
  writeFileSync(join(dir, ".dockerignore"), "skip\n");
  writeFileSync(join(dir, "src/a"), "1");
  const now = (): Promise<string> => contextHash(dir, join(dir, "Dockerfile"));
  const first = await now();
  writeFileSync(join(dir, "skip"), "1");
  assert.equal(await now(), first);
  writeFileSync(join(dir, "src/a"), "2");
  const second = await now();
  assert.notEqual(second, first);
  writeFileSync(join(dir, "src/a"), "1");
  assert.equal(await now(), first);
  rmSync(dir, { recursive: true });
  assert.deepEqual([modeText(0o100644, false), modeText(0o120777, true), modeText(0o104755, false)], ["-rw-r--r--", "Lrwxrwxrwx", "urwxr-xr-x"]);
});
