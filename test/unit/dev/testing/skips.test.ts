import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import type { Machine } from "../../../../dev/testing/machine.ts";
import { type Skip, skips, unused, wholeFile, withoutUnlisted } from "../../../../dev/testing/skips.ts";
import { stepNames } from "../../../../dev/testing/steps.ts";

const root = join(import.meta.dirname, "../../../..");
const machine: Machine = { root: false, cli: true, hub: true, downloads: true, slow: false, has: () => false, program: () => true, environment: {} };
const list: Skip[] = [
  { test: "test/e2e/a.test.ts: with its disk full", condition: "not root: no network namespace, no small disk" },
  { test: "test/e2e/b.test.ts: ", condition: "on the embedded engine: it is about the Pulumi CLI" },
  { test: "linters: ", condition: "outside CI: a linter may be impossible to install" },
];
const tally = (...names: string[]) => ({ passed: 1, failed: [], skipped: names.map((name) => ({ name, reason: "a reason" })) });

describe("a skip", () => {
  const failed = (name: string, on: Partial<Machine> = {}) => withoutUnlisted(tally(name), { ...machine, ...on }, list).failed.map(({ detail }) => detail);

  test("that is listed for this machine stays a skip", () => {
    const { failed, skipped } = withoutUnlisted(tally("test/e2e/a.test.ts: with its disk full (pulumi)", "linters: zizmor"), machine, list);
    assert.deepEqual([failed, skipped.length], [[], 2]);
  });

  test("that nobody listed is a failure, which says where to list it", () => {
    const [detail, ...others] = failed("test/e2e/a.test.ts: another title");
    assert.match(detail ?? "", /skipped \("a reason"\), and dev\/testing\/skips\.ts does not list it/);
    assert.deepEqual(others, []);
  });

  test("whose condition does not hold here is a failure, and no longer a skip", () => {
    assert.equal(failed("test/e2e/a.test.ts: with its disk full", { root: true }).length, 1);
    assert.equal(failed("test/e2e/b.test.ts: x (pulumi)").length, 1);
    assert.equal(failed("test/e2e/b.test.ts: x (embedded)").length, 0);
    assert.equal(failed("linters: zizmor", { environment: { CI: "true" } }).length, 1);
    assert.deepEqual(withoutUnlisted(tally("test/e2e/a.test.ts: another title"), machine, list).skipped, []);
  });

  test("of a whole file that places.ts leaves to the night is one by day alone, and allows none of the tests in it", () => {
    const left = (name: string, on: Partial<Machine> = {}) => withoutUnlisted(tally(name), { ...machine, ...on }).failed.length === 0;
    const [rollback, cutOver] = ["test/e2e/releases/rollback.test.ts", "test/e2e/deploy/cut-over.test.ts"];
    assert.deepEqual([left(wholeFile(rollback)), left(wholeFile(rollback), { slow: true })], [true, false]);
    assert.deepEqual([left(wholeFile(cutOver)), left(wholeFile(cutOver), { cli: false })], [false, true]);
    assert.deepEqual([left(`${rollback}: the first up makes release 1 (pulumi)`), left(`${cutOver}: one replica of two (pulumi)`)], [false, false]);
  });
});

test("an entry whose test was not skipped, though its condition holds and its file ran, is reported", () => {
  const ran = ["test/e2e/a.test.ts: with its disk full (pulumi)", "test/e2e/c.test.ts: x (embedded)"];
  assert.deepEqual(unused(tally(), machine, ran, list), ["test/e2e/a.test.ts: with its disk full (not root: no network namespace, no small disk)"]);
  assert.deepEqual(unused(tally(ran[0] ?? ""), machine, ran, list), []);
  assert.deepEqual(unused(tally(), { ...machine, root: true }, ran, list), []);
});

test("each entry names a step, or a file that is there and has a test of that title", () => {
  for (const { test: named } of skips) {
    const [file = "", title = ""] = named.split(": ", 2);
    if (!file.endsWith(".ts")) {
      assert.ok(stepNames.includes(file.split(" ")[0] ?? ""), named);
      continue;
    }
    assert.ok(existsSync(join(root, file)), `${file} is not there`);
    if (title !== "") assert.ok(readFileSync(join(root, file), "utf8").includes(title), `${file} has no test "${title}"`);
  }
});
