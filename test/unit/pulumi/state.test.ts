import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { it } from "node:test";
import { deletionWaves, dependentsOf, withNeeds } from "../../../engine/graph.ts";
import { Ledger } from "../../../engine/ledger.ts";
import { Lock } from "../../../pulumi/lock.ts";
import { renameReferences, sameRecord } from "../../../engine/record.ts";
import { Crypter } from "../../../pulumi/secrets.ts";
import { StateFile, type Resource } from "../../../pulumi/state.ts";
import { secret } from "../../../pulumi/values.ts";

const crypter = await Crypter.create("abc");

function place(): { path: string; clean: () => void } {
  const dir = mkdtempSync(join(tmpdir(), "engine-unit-"));
  return { path: join(dir, "deep/er/dev.json"), clean: () => rmSync(dir, { recursive: true }) };
}

function resource(name: string, more: Partial<Resource> = {}): Resource {
  return { urn: `urn:pulumi:dev::p::t:m:T::${name}`, custom: true, type: "t:m:T", id: name, inputs: {}, outputs: {}, ...more };
}

const urn = (name: string): string => resource(name).urn;

it("writes Pulumi's deployment format, secrets encrypted, and reads it back", async () => {
  const { path, clean } = place();
  const file = new StateFile(path, crypter, false);
  file.resources = [resource("a", { inputs: { key: secret("canary"), list: [{ deep: secret(["canary"]) }] } })];
  file.pending = [{ type: "creating", resource: resource("b") }];
  await file.save();
  const text = readFileSync(path, "utf8");
  assert.ok(!text.includes("canary"));
  const parsed = JSON.parse(text) as { version: number; deployment: { secrets_providers: { type: string } } };
  assert.equal(parsed.version, 3);
  assert.equal(parsed.deployment.secrets_providers.type, "passphrase");
  const again = new StateFile(path, crypter, false);
  await again.load();
  assert.deepEqual(again.resources, file.resources);
  assert.deepEqual(again.pending, file.pending);
  await again.save();
  assert.deepEqual((JSON.parse(readFileSync(path, "utf8")) as { deployment: { resources: unknown } }).deployment.resources, (JSON.parse(text) as { deployment: { resources: unknown } }).deployment.resources, "an unchanged resource is written as it was read");
  clean();
});

it("has every change on disk when its promise resolves, however many come at once", async () => {
  const { path, clean } = place();
  const file = new StateFile(path, crypter, false);
  const ledger = new Ledger(file);
  await Promise.all(
    Array.from({ length: 20 }, async (_, index) => {
      const made = resource(`r${index}`);
      const operation = await ledger.begin("creating", made);
      assert.ok(readFileSync(path, "utf8").includes(`::r${index}"`));
      await ledger.commit(operation, made, undefined);
      assert.ok(readFileSync(path, "utf8").includes(`"id":"r${index}"`));
    }),
  );
  assert.equal(file.pending.length, 0);
  assert.equal(file.resources.length, 20);
  clean();
});

it("keeps a replaced resource until it is deleted, and a deleted one until it is replaced", async () => {
  const { path, clean } = place();
  const file = new StateFile(path, crypter, false);
  file.resources = [resource("a", { id: "old" }), resource("b", { id: "old" })];
  const ledger = new Ledger(file);
  const [a, b] = file.resources as [Resource, Resource];
  await ledger.commit(undefined, resource("a", { id: "new" }), a, true);
  await ledger.removed(undefined, b, true);
  assert.deepEqual(ledger.all().map(({ id, delete: gone, pendingReplacement }) => [id, gone, pendingReplacement]), [["new", undefined, undefined], ["old", true, undefined], ["old", undefined, true]]);
  assert.equal(ledger.get(urn("a"))?.id, "new");
  await ledger.removed(undefined, a);
  await ledger.commit(undefined, resource("b", { id: "new" }), b);
  assert.deepEqual(file.resources.map(({ id }) => id), ["new", "new"]);
  clean();
});

it("refuses a state of another version", async () => {
  const dir = mkdtempSync(join(tmpdir(), "engine-unit-"));
  writeFileSync(join(dir, "s.json"), '{"version":4,"deployment":{}}');
  await assert.rejects(new StateFile(join(dir, "s.json"), crypter, false).load(), /version 4/);
  rmSync(dir, { recursive: true });
});

it("locks the stack, names the holder, and takes over from a process that is gone", () => {
  const { path, clean } = place();
  const lock = Lock.take(path);
  assert.throws(() => Lock.take(path), new RegExp(`being changed by process ${process.pid} of \\S+ on ${hostname()}`));
  lock.release();
  writeFileSync(`${path}.lock`, JSON.stringify({ pid: process.pid, host: hostname(), started: "then", startTicks: "1" }));
  Lock.take(path).release();
  writeFileSync(`${path}.lock`, "");
  Lock.take(path).release();
  writeFileSync(`${path}.lock`, JSON.stringify({ pid: 1, user: "ada", host: "elsewhere", started: "then", startTicks: "1" }));
  assert.throws(() => Lock.take(path), /process 1 of ada on elsewhere/);
  clean();
});

it("deletes dependents before what they need", () => {
  const net = resource("net");
  const volume = resource("volume");
  const web = resource("web", { dependencies: [net.urn], propertyDependencies: { mounts: [volume.urn] } });
  const routes = resource("routes", { dependencies: [web.urn] });
  assert.deepEqual(deletionWaves([net, volume, web, routes]).map((wave) => wave.map(({ id }) => id)), [["routes"], ["web"], ["net", "volume"]]);
  assert.deepEqual(dependentsOf(net, [net, volume, web, routes]), [web, routes]);
  assert.deepEqual([...withNeeds([web], [net, volume, web, routes])].map(({ id }) => id ?? "").toSorted(), ["net", "volume", "web"]);
});

it("ends even when two generations need each other the other way round", () => {
  const a = resource("a", { dependencies: [urn("b")] });
  const b = resource("b", { dependencies: [urn("a")] });
  assert.deepEqual(deletionWaves([a, b]).flat().length, 2);
});

it("follows a renamed resource in every kind of reference", () => {
  const found = resource("x", { parent: "old", deletedWith: "old", provider: "old::id", dependencies: ["old", "b"], propertyDependencies: { p: ["old"] } });
  renameReferences(found, "old", "new");
  assert.deepEqual(found, resource("x", { parent: "new", deletedWith: "new", provider: "new::id", dependencies: ["new", "b"], propertyDependencies: { p: ["new"] } }));
  assert.ok(sameRecord(resource("x", { created: "1" }), resource("x", { created: "2" })));
  assert.ok(!sameRecord(resource("x"), resource("x", { protect: true })));
});

it("reads a state that has another salt than the stack file, and writes it with the stack file's", async () => {
  const { path, clean } = place();
  const old = new StateFile(path, await Crypter.create("abc"), false);
  old.resources = [resource("a", { inputs: { key: secret("canary") } })];
  await old.save();
  const file = new StateFile(path, crypter, false);
  await file.load();
  assert.deepEqual(file.resources[0]?.inputs, { key: secret("canary") });
  await file.save();
  assert.ok(readFileSync(path, "utf8").includes(crypter.salt));
  const again = new StateFile(path, crypter, false);
  await again.load();
  assert.deepEqual(again.resources[0]?.inputs, { key: secret("canary") });
  await assert.rejects(new StateFile(path, await Crypter.create("another"), false).load(), /incorrect passphrase/);
  clean();
});
