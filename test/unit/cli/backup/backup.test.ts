import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { lastLine } from "../../../../cli/backup/container.ts";
import { backupTable, parseInfo } from "../../../../cli/backup/list.ts";
import { OpsError } from "../../../../cli/exit.ts";
import { describeTarget, restoreArguments, restoreTarget } from "../../../../cli/backup/restore-target.ts";
import { rowTable } from "../../../../cli/backup/row-counts.ts";

const status = { code: 0, message: "ok" };
const full = {
  archive: { start: "000000010000000000000002", stop: "000000010000000000000003" },
  error: false,
  info: { size: 23_421_853, repository: { delta: 2_812_208, size: 2_812_208 } },
  label: "20250301-023000F",
  timestamp: { start: 1_740_796_200, stop: 1_740_796_204 },
  type: "full",
};
const info = (backup: object[], repo = status) => JSON.stringify([{ backup, repo: [{ key: 1, status: repo }], status: repo }]);

describe("the list of backups", () => {
  test("is what pgBackRest says, in times, bytes and segments", () => {
    assert.deepEqual(parseInfo(info([full])), [
      {
        label: "20250301-023000F",
        type: "full",
        started: "2025-03-01T02:30:00Z",
        ended: "2025-03-01T02:30:04Z",
        databaseBytes: 23_421_853,
        repositoryBytes: 2_812_208,
        wal: { first: "000000010000000000000002", last: "000000010000000000000003" },
        good: true,
      },
    ]);
  });

  test("says which was made of damaged pages", () => {
    assert.deepEqual(parseInfo(info([full, { ...full, label: "20250308-023000F", error: true }])).map(({ good }) => good), [true, false]);
  });

  test("is empty for a repository without backups", () => {
    for (const code of [1, 2, 3]) assert.deepEqual(parseInfo(info([], { code, message: "no valid backups" })), []);
  });

  test("is an error, not an empty list, where the key does not open the repository; what it printed of it is not shown", () => {
    const json = info([], { code: 99, message: "[FormatError] unable to load info file\u0007\u00e9\nsecond line" });
    assert.throws(() => parseInfo(json), (error: Error) => error instanceof OpsError && error.message.includes("berth:backupKey") && !/[^\x20-\x7e…]/.test(error.message));
    assert.throws(() => parseInfo("[]"), OpsError);
    const away = info([], { code: 99, message: "[HostConnectError] unable to connect to 's3.example.com:443': [111] Connection refused" });
    assert.throws(() => parseInfo(away), /does not answer as it should .*Connection refused/);
  });

  test("is a table with the age of each", () => {
    const rows = backupTable(parseInfo(info([full])), new Date("2025-03-01T05:30:04Z")).split("\n");
    assert.match(rows[0] ?? "", /^LABEL +TYPE +STARTED +ENDED +DATABASE +REPOSITORY +WAL +AGE +STATE$/);
    assert.match(rows[1] ?? "", /^20250301-023000F +full +2025-03-01T02:30:00Z +2025-03-01T02:30:04Z +22 MiB +2\.7 MiB +000000010000000000000002-00000003 +3 h +good$/);
  });
});

describe("the line that says how a command ended", () => {
  test("is the last of standard error where it failed, though lines of standard output came later", () => {
    assert.equal(lastLine({ code: 1, stdout: "status: error\nmissing: 0\n", stderr: "verify failed: the repository is damaged\n" }), "verify failed: the repository is damaged");
  });

  test("is the last of standard output where it succeeded, or nothing else was said", () => {
    assert.equal(lastLine({ code: 0, stdout: "database shop: 2 rows\nrestore drill passed in 2 s\n", stderr: "a warning\n" }), "restore drill passed in 2 s");
    assert.equal(lastLine({ code: 1, stdout: "no such file\n", stderr: "" }), "no such file");
  });
});

describe("what is restored", () => {
  for (const [given, expected] of [
    ["2025-03-01 09:30:00", "2025-03-01 09:30:00+00:00"],
    ["2025-03-01T09:30", "2025-03-01 09:30:00+00:00"],
    ["2025-03-01 09:30:00.123456Z", "2025-03-01 09:30:00.123456+00:00"],
    ["2025-03-01 09:30:00 UTC", "2025-03-01 09:30:00+00:00"],
    ["2025-03-01 10:30:00+01", "2025-03-01 10:30:00+01:00"],
    ["2025-03-01 10:30:00+0130", "2025-03-01 10:30:00+01:30"],
    ["2025-03-01 10:30:00-05:00", "2025-03-01 10:30:00-05:00"],
  ] as const) {
    test(`"${given}" is ${expected}`, () => {
      assert.deepEqual(restoreTarget({ to: given }), { to: expected });
      assert.deepEqual(restoreArguments({ to: expected }), ["--type=time", `--target=${expected}`, "--target-action=pause"]);
    });
  }

  for (const to of ["", "yesterday", "2025-03-01", "2025-13-01 09:30:00", "2025-03-01 25:00:00", "2025-03-01 09:30:00 CET", "1740796200"]) {
    test(`"${to}" is no time`, () => assert.throws(() => restoreTarget({ to }), (error: OpsError) => error.code === 2 && error.message.includes("--to")));
  }

  test("a label is one as the list shows it", () => {
    for (const set of ["20250301-023000F", "20250301-023000F_20250302-023000D", "20250301-023000F_20250302-023000I"]) {
      assert.deepEqual(restoreTarget({ set }), { set });
      assert.deepEqual(restoreArguments({ set }), ["--type=immediate", `--set=${set}`, "--target-action=pause"]);
    }
    for (const set of ["latest", "20250301-023000", "20250301-023000F --type=none"]) assert.throws(() => restoreTarget({ set }), OpsError);
  });

  test("without either is the newest state, and both at once are refused", () => {
    assert.equal(restoreTarget({}), "newest");
    assert.deepEqual(restoreArguments("newest"), ["--type=standby"]);
    assert.match(describeTarget("newest"), /newest/);
    assert.throws(() => restoreTarget({ to: "2025-03-01 09:30:00", set: "20250301-023000F" }), OpsError);
  });
});

test("rows of both servers stand side by side, with what differs", () => {
  const lines = rowTable([
    { database: "shop", table: "public.carts", live: 10, restored: 8 },
    { database: "shop", table: "public.items", live: 5, restored: 5 },
    { database: "shop", table: "public.new", live: 0, restored: undefined },
    { database: "shop", table: "public.old", live: undefined, restored: 3 },
  ]).split("\n");
  assert.deepEqual(lines.map((line) => line.split(/ {2,}/).slice(1)), [
    ["TABLE", "LIVE", "RESTORED", "DIFFERENCE"],
    ["public.carts", "10", "8", "-2"],
    ["public.items", "5", "5", "none"],
    ["public.new", "0", "-", "only live"],
    ["public.old", "-", "3", "only restored"],
  ]);
});
