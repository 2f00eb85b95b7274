import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { Project } from "../../../../cli/project.ts";
import { silent } from "../../../../cli/progress.ts";
import { Terminal } from "../../../../cli/terminal.ts";
import { type Chosen, stepNames, testSteps } from "../../../../dev/testing/steps.ts";
import { notEmpty } from "../../../../dev/testing/tally.ts";

const root = join(import.meta.dirname, "../../../..");
const nowhere = { write: () => undefined };
const context = { project: new Project(root), terminal: new Terminal(nowhere, nowhere, {}), environment: process.env, signal: new AbortController().signal, commands: {} };
const watch = { test: () => undefined, file: () => undefined };
const steps = (chosen: Partial<Chosen>) => testSteps(context, silent, { reason: "no pulumi on PATH" }, { only: stepNames, ...chosen });

/** `berth test` as somebody types it. */
function berthTest(args: string[], more: NodeJS.ProcessEnv): Promise<{ code: number; lines: string[] }> {
  const { NODE_TEST_CONTEXT: _, ...environment } = process.env;
  return new Promise((resolve) => {
    execFile(process.execPath, ["dev/main.ts", "test", ...args], { cwd: root, env: { ...environment, ...more } }, (error, stdout) => resolve({ code: Number(error?.code ?? 0), lines: stdout.trim().split("\n") }));
  });
}

test("an engine that can't be had is a failure, not a skip", async () => {
  const { code, lines } = await berthTest(["--files", "test/e2e/standins/images.test.ts", "--engine", "embedded"], { DOCKER_HOST: "unix:///nonexistent/docker.sock" });
  assert.deepEqual([code, lines.at(-1)], [1, "0 passed, 1 failed, 0 skipped"]);
  assert.ok(lines.some((line) => /^failed: e2e: \S.*docker\.sock/.test(line)), lines.join("\n"));
});

test("a glob without a test file is wrong usage", async () => {
  assert.equal((await berthTest(["--only", "unit", "--files", "test/unit/nowhere/*"], {})).code, 2);
});

test("the Pulumi CLI that was asked for and is not there is a failure", async () => {
  const [e2e, ...others] = steps({ only: ["e2e"], engine: "pulumi" });
  assert.deepEqual(others, []);
  assert.deepEqual((await e2e?.run(watch))?.failed, [{ name: "e2e on pulumi", detail: "no pulumi on PATH" }]);
});

test("a step of which nothing ran is a failure", () => {
  assert.deepEqual(notEmpty("unit", { passed: 0, failed: [], skipped: [] }).failed, [{ name: "unit", detail: "nothing ran" }]);
  assert.deepEqual(notEmpty("unit", { passed: 1, failed: [], skipped: [] }).failed, []);
});

test("all steps are there without --files, and with it those that have a file of the glob", () => {
  assert.deepEqual(steps({}).map(({ name }) => name), stepNames);
  assert.deepEqual(steps({ files: "test/{unit,e2e}/dev/**" }).map(({ name }) => name), ["unit"]);
  assert.deepEqual(steps({ files: "test/e2e/traefik/*" }).map(({ name }) => name), ["e2e"]);
});
