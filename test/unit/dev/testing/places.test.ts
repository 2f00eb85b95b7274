import assert from "node:assert/strict";
import { globSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { isLeft, keyOf, places, tasksOf } from "../../../../dev/testing/places.ts";

const root = join(import.meta.dirname, "../../../..");
const files = globSync("test/e2e/**/*.test.ts", { cwd: root });

test("every end-to-end file has its place in dev/testing/places.ts, and every place its file", () => {
  assert.deepEqual(Object.keys(places).toSorted(), files.map(keyOf).toSorted());
});

test("a file without a place stops the run, and is named", () => {
  assert.throws(() => tasksOf(["test/e2e/nowhere/new.test.ts", ...files], { cli: true }), /test\/e2e\/nowhere\/new\.test\.ts has no place in dev\/testing\/places\.ts/);
});

/** The engines of each file. */
const enginesOf = (file: string, engines: Parameters<typeof tasksOf>[1]) => tasksOf([`test/e2e/${file}.test.ts`], engines).map(({ engine }) => engine);

test("a file runs once, on the Pulumi CLI where it is there, or on the quick engine; the embedded engine's own tests on it", () => {
  assert.deepEqual(enginesOf("deploy/cut-over", { cli: true }), ["pulumi"]);
  assert.deepEqual(enginesOf("traefik/tls", { cli: true }), ["embedded"], "no engine changes what it shows");
  for (const file of ["deploy/dev-stack", "promote/story"]) {
    for (const cli of [true, false]) assert.deepEqual(enginesOf(file, { cli }), ["embedded"]);
    assert.deepEqual(enginesOf(file, { cli: true, slow: true }), ["pulumi", "embedded"]);
  }
  assert.deepEqual(enginesOf("engine/engine", { cli: true }), ["embedded"]);
});

test("--engine leaves out the other, and --slow runs each file on each engine", () => {
  assert.deepEqual(enginesOf("traefik/tls", { cli: true, only: "embedded" }), ["embedded"]);
  for (const file of ["deploy/dev-stack", "traefik/tls"]) assert.deepEqual(enginesOf(file, { cli: true, only: "pulumi" }), ["pulumi"]);
  assert.deepEqual(enginesOf("engine/engine", { cli: true, only: "pulumi" }), []);
  assert.deepEqual(enginesOf("traefik/tls", { cli: true, slow: true }), ["pulumi", "embedded"]);
  assert.deepEqual(enginesOf("traefik/tls", { cli: false, slow: true }), ["embedded"]);
});

test("what is left to the night runs with --slow, and by day where --files names it", () => {
  for (const file of ["releases/rollback", "drift/drift"]) {
    assert.deepEqual(enginesOf(file, { cli: true }), []);
    assert.deepEqual(enginesOf(file, { cli: true, named: true }), ["embedded"]);
    assert.deepEqual(enginesOf(file, { cli: true, slow: true }), ["pulumi", "embedded"]);
  }
});

test("what is for users of the Pulumi CLI is left to the night where it is missing", () => {
  assert.deepEqual(enginesOf("deploy/cut-over", { cli: false }), []);
  assert.deepEqual(enginesOf("deploy/cut-over", { cli: false, named: true }), ["embedded"]);
  assert.deepEqual(enginesOf("deploy/cut-over", { cli: false, slow: true }), ["embedded"]);
});

test("each file runs in the night, and which are left to it is told", () => {
  for (const cli of [true, false]) {
    assert.deepEqual(new Set(tasksOf(files, { cli, slow: true }).map(({ file }) => file)), new Set(files));
    const day = new Set(tasksOf(files, { cli }).map(({ file }) => file));
    assert.deepEqual(files.filter((file) => !day.has(file)), files.filter((file) => isLeft(file, { cli })));
    assert.ok(day.size >= 8, "a day without end-to-end tests");
  }
});
