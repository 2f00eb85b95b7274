import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { countOf } from "../../../../dev/testing/apps.ts";
import { runNodeTests } from "../../../../dev/testing/node-tests.ts";
import { timesTable } from "../../../../dev/testing/times.ts";

/** As buildx prints it. */
const built = (text: string) => text.split("\n").map((line, index) => `#12 ${index}.345 ${line}`).join("\n");

describe("the count of an application's tests", () => {
  const outputs: [runner: string, output: string, passed: number, skipped: string[]][] = [
    ["cargo", "test result: ok. 4 passed; 0 failed; 1 ignored; 0 measured\ntest a::b ... ignored, needs a disk\ntest result: ok. 2 passed; 0 failed; 0 ignored", 6, ["shop: a::b"]],
    ["pytest", "SKIPPED [1] tests/test_a.py:3: no network\n==== 12 passed, 1 skipped in 3.21s ====", 12, ["shop: no network"]],
    ["pytest -q", "............ [100%]\n12 passed in 3.21s", 12, []],
    ["pytest, a longer run", "===== 31 passed in 75.02s (0:01:15) =====", 31, []],
    ["Node's spec", "ℹ tests 9\nℹ pass 9\nℹ fail 0", 9, []],
    ["Node's TAP", "# tests 9\n# pass 9\n# fail 0", 9, []],
    ["go test -v", "=== RUN   TestA\n--- PASS: TestA (0.00s)\n    --- PASS: TestA/inner (0.00s)\n--- SKIP: TestB (0.00s)\n--- PASS: TestC (0.10s)\nok  \tshop\t0.2s", 2, ["shop: TestB"]],
  ];
  for (const [runner, output, passed, skipped] of outputs) {
    test(`is read from ${runner}`, () => {
      const tally = countOf("shop", built(output));
      assert.deepEqual([tally.passed, tally.failed, tally.skipped.map(({ name }) => name)], [passed, [], skipped]);
    });
  }

  test("that is missing is a failure with the last lines", () => {
    const { passed, failed } = countOf("shop", built("nothing ran"));
    assert.equal(passed, 0);
    assert.match(failed[0]?.detail ?? "", /nothing ran/);
  });
});

/** Test files in a folder of their own, run as `berth test` runs them. */
async function run(sources: Record<string, string>) {
  const folder = mkdtempSync(join(tmpdir(), "berth-testing-"));
  try {
    for (const [file, text] of Object.entries(sources)) writeFileSync(join(folder, file), `import { before, describe, test } from "node:test";\n${text}\n`);
    const times: Record<string, number> = {};
    const watch = { test: () => undefined, file: (file: string, milliseconds: number) => void (times[file] = milliseconds) };
    const tally = await runNodeTests({ folder, files: Object.keys(sources), environment: process.env, timeout: 20_000, signal: new AbortController().signal, watch });
    return { ...tally, times };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test("a suite that fails before its tests is told with the reason, as its tests say only that they were cancelled", async () => {
  const { failed } = await run({ "a.test.mjs": 'describe("stack", () => { before(() => { throw new Error("no engine"); }); test("up", () => {}); });' });
  assert.deepEqual(failed.map(({ name }) => name), ["a.test.mjs: up", "a.test.mjs: stack"]);
  assert.match(failed[1]?.detail ?? "", /no engine/);
});

test("each file's time is its process's: what it does before its first test counts as well", async () => {
  const wait = (milliseconds: number) => `new Promise((done) => setTimeout(done, ${milliseconds}))`;
  const { times } = await run({ "slow.test.mjs": `await ${wait(600)}; test("a", () => {});`, "quick.test.mjs": 'test("b", () => {});', "broken.test.mjs": 'throw new Error("x");' });
  assert.deepEqual(Object.keys(times).toSorted(), ["broken.test.mjs", "quick.test.mjs", "slow.test.mjs"]);
  assert.ok((times["slow.test.mjs"] ?? 0) >= 600, `slow took ${times["slow.test.mjs"]} ms`);
});

test("a skipped suite is a skip: its tests never ran", async () => {
  const { passed, skipped } = await run({ "a.test.mjs": 'describe("on prod", { skip: "no server" }, () => { test("x", () => {}); test("y", () => {}); });\ntest("z", { skip: true }, () => {});' });
  assert.deepEqual([passed, skipped], [0, [{ name: "a.test.mjs: on prod", reason: "no server" }, { name: "a.test.mjs: z", reason: "no reason given" }]]);
});

test("a file of which no test ran is a failure: one without any, one whose suite is empty", async () => {
  const { passed, failed } = await run({ "none.test.mjs": "", "empty.test.mjs": 'describe("later", () => {});', "one.test.mjs": 'test("a", () => {});' });
  assert.deepEqual([passed, failed.map(({ name, detail }) => `${name}: ${detail}`)], [1, ["none.test.mjs: no test of it ran", "empty.test.mjs: no test of it ran"]]);
});

test("a file that can't be loaded is a failure", async () => {
  const { failed } = await run({ "broken.test.mjs": 'import "./nowhere.mjs";' });
  assert.equal(failed.length, 1);
  assert.match(failed[0]?.name ?? "", /broken\.test\.mjs/);
});

test("the table of times has the steps, then their files, then their tests, the slowest first, and leaves short ones out", () => {
  const times = [
    { step: "unit", file: "a.test.ts", milliseconds: 300 },
    { step: "unit", milliseconds: 4000 },
    { step: "e2e", file: "b.test.ts", milliseconds: 61_000 },
    { step: "unit", file: "c.test.ts", milliseconds: 3000 },
    { step: "e2e", milliseconds: 62_000 },
    { step: "e2e", test: "b.test.ts: a replica", milliseconds: 2500 },
    { step: "unit", test: "a.test.ts: a word", milliseconds: 2 },
  ];
  const rows = (shortest?: { file?: number; test?: number }) => timesTable(times, shortest).split("\n").map((line) => line.split(/ {2,}/).slice(1).join(" "));
  assert.deepEqual(rows(), ["step file", "e2e", "unit", "e2e b.test.ts", "unit c.test.ts", "unit a.test.ts", "e2e b.test.ts: a replica", "unit a.test.ts: a word"]);
  assert.deepEqual(rows({ file: 2000, test: 1000 }), ["step file", "e2e", "unit", "e2e b.test.ts", "unit c.test.ts", "e2e b.test.ts: a replica"]);
});
