import assert from "node:assert/strict";
import { globSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { keyOf, places, tasksOf } from "../../../../dev/testing/places.ts";

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
  for (const cli of [true, false]) assert.deepEqual(enginesOf("traefik/tls", { cli }), ["embedded"], "no engine changes what it shows");
  assert.deepEqual(enginesOf("deploy/cut-over", { cli: false }), ["embedded"]);
  for (const file of ["deploy/dev-stack", "promote/story", "releases/rollback", "drift/drift", "preview/preview"]) {
    assert.deepEqual(enginesOf(file, { cli: true }), ["embedded"]);
    assert.deepEqual(enginesOf(file, { cli: true, slow: true }), ["pulumi", "embedded"]);
  }
  assert.deepEqual(enginesOf("engine/engine", { cli: true }), ["embedded"]);
});

test("--engine leaves out the other, and --slow runs each file on each engine", () => {
  assert.deepEqual(enginesOf("traefik/tls", { cli: true, only: "embedded" }), ["embedded"]);
  for (const file of ["drift/drift", "traefik/tls"]) assert.deepEqual(enginesOf(file, { cli: true, only: "pulumi" }), ["pulumi"]);
  assert.deepEqual(enginesOf("engine/engine", { cli: true, only: "pulumi" }), []);
  assert.deepEqual(enginesOf("traefik/tls", { cli: true, slow: true }), ["pulumi", "embedded"]);
  assert.deepEqual(enginesOf("traefik/tls", { cli: false, slow: true }), ["embedded"]);
});

test("no end-to-end file is left out on a machine without the CLI, nor on one with it", () => {
  for (const cli of [true, false]) assert.deepEqual(new Set(tasksOf(files, { cli }).map(({ file }) => file)), new Set(files));
});
