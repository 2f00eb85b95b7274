import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { countOf } from "../../ops/testing/apps.ts";
import { runNodeTests } from "../../ops/testing/node-tests.ts";

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

test("a suite that fails before its tests is told with the reason, as its tests say only that they were cancelled", async () => {
  const folder = mkdtempSync(join(tmpdir(), "berth-testing-"));
  try {
    const text = 'import { before, describe, test } from "node:test";\ndescribe("stack", () => { before(() => { throw new Error("no engine"); }); test("up", () => {}); });\n';
    writeFileSync(join(folder, "a.test.mjs"), text);
    const { failed } = await runNodeTests({ folder, files: "*.test.mjs", environment: process.env, timeout: 20_000, signal: new AbortController().signal, onTest: () => undefined });
    assert.deepEqual(failed.map(({ name }) => name), ["a.test.mjs: up", "a.test.mjs: stack"]);
    assert.match(failed[1]?.detail ?? "", /no engine/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
