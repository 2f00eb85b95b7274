import assert from "node:assert/strict";
import { describe, test } from "node:test";
import * as fc from "fast-check";
import { backupProblems } from "../../../../config/checks/backup.ts";
import { checkConfig } from "../../../../config/config.ts";
import { fields } from "../../../../config/settings.ts";
import { rawConfig, type StackFile } from "../raw-config.ts";

const key = "a-passphrase-of-24-chars";
const problemsOf = (file: StackFile) => checkConfig(rawConfig(file), {}).problems;
const withBackup = (backup: object, more: Partial<StackFile> = {}) => problemsOf({ secrets: { "berth:backupKey": key }, ...more, values: { "berth:postgres": { backup }, ...more.values } });
const accepts = (backup: object) => fields.postgres.safeParse({ backup }).success;
const s3 = { bucket: "acme-backups", endpoint: "s3.example.com:9000" };

describe("backups", () => {
  test("are off where nothing is said of them, and no secret of theirs is wanted", () => {
    assert.deepEqual(problemsOf({}), []);
    assert.equal(checkConfig(rawConfig({}), {}).config?.postgres.backup, undefined);
  });

  test("on a volume need nothing but the target, and have the documented defaults", () => {
    const { config, problems } = checkConfig(rawConfig({ values: { "berth:postgres": { backup: { target: "volume" } } }, secrets: { "berth:backupKey": key } }), {});
    assert.deepEqual(problems, []);
    assert.deepEqual(config?.postgres.backup, {
      target: "volume",
      full: "30 2 * * 0",
      differential: "30 2 * * 1-6",
      drill: "30 4 * * 6",
      timeZone: "UTC",
      keep: { full: 2, differential: 7 },
    });
  });

  test("want a passphrase, unless the stack generates secrets", () => {
    const [problem, ...others] = withBackup({ target: "volume" }, { secrets: {} });
    assert.deepEqual([problem?.field, problem?.value, others], ["berth:backupKey", "nothing", []]);
    assert.deepEqual(withBackup({ target: "volume" }, { secrets: {}, values: { "berth:secrets": "generate" } }), []);
  });

  test("in a bucket want its keys, which nobody can generate", () => {
    const problems = withBackup({ target: { s3 } }, { secrets: {}, values: { "berth:secrets": "generate" } });
    assert.deepEqual(problems.map(({ field }) => field), ["berth:s3Key", "berth:s3Secret"]);
    assert.deepEqual(withBackup({ target: { s3 } }, { secrets: { "berth:backupKey": key, "berth:s3Key": "AKIA", "berth:s3Secret": "a/b+c=" } }), []);
  });

  for (const [what, backup, field] of [
    ["no target", {}, "berth:postgres.backup.target"],
    ["a target that there is not", { target: "tape" }, "berth:postgres.backup.target"],
    ["a bucket without an endpoint", { target: { s3: { bucket: "acme-backups" } } }, "berth:postgres.backup.target.s3.endpoint"],
    ["an endpoint with its scheme", { target: { s3: { ...s3, endpoint: "https://s3.example.com" } } }, "berth:postgres.backup.target.s3.endpoint"],
    ["a time that is none", { target: "volume", full: "daily" }, "berth:postgres.backup.full"],
    ["a time zone that there is not", { target: "volume", timeZone: "Vienna" }, "berth:postgres.backup.timeZone"],
    ["no backup that is kept", { target: "volume", keep: { full: 0 } }, "berth:postgres.backup.keep.full"],
    ["a field that there is not", { target: "volume", hourly: "0 * * * *" }, "berth:postgres.backup.hourly"],
  ] as const) {
    test(`with ${what} are refused by one message that names the field and the fix`, () => {
      const problems = withBackup(backup);
      assert.deepEqual(problems.map((problem) => problem.field), [field]);
      assert.match(problems[0]?.fix ?? "", /Pulumi|pulumi/);
      assert.ok((problems[0]?.allowed.length ?? 0) > 0);
    });
  }
});

describe("a time of cron", () => {
  const part = (min: number, max: number) =>
    fc.oneof(
      fc.constant("*"),
      fc.integer({ min, max }).map(String),
      fc.tuple(fc.integer({ min, max }), fc.integer({ min, max })).map(([a, b]) => `${Math.min(a, b)}-${Math.max(a, b)}`),
      fc.integer({ min: 1, max: Math.max(1, max) }).map((step) => `*/${step}`),
    );
  const cron = fc.tuple(part(0, 59), part(0, 23), part(1, 31), part(1, 12), part(0, 7)).map((fields) => fields.join(" "));

  test("of five fields in their ranges is accepted, lists too", () => {
    fc.assert(fc.property(cron, (full) => assert.ok(accepts({ target: "volume", full }), full)));
    assert.ok(accepts({ target: "volume", full: "0,30 2-4,22 1,15 * 1-5/2" }));
    assert.ok(accepts({ target: "volume", full: "0 0 * JAN MON-FRI" }), "names, as in an application's schedules");
  });

  for (const full of ["", "* * * *", "* * * * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "* * * 13 *", "* * * * 8", "5-1 * * * *", "*/0 * * * *", "@daily", "0 0 * * SON", "0 0 ? * * 2030", "0 0\n* * *", "0  0 * * *"]) {
    test(`"${full.replace("\n", "\\n")}" is refused`, () => assert.ok(!accepts({ target: "volume", full })));
  }
});

describe("the passphrase", () => {
  test("of 16 or more signs without spaces is accepted", () => {
    fc.assert(fc.property(fc.stringMatching(/^[!-~]{16,80}$/), (value) => assert.deepEqual(backupProblems(rawConfig({ secrets: { "berth:backupKey": value } })), [])));
  });

  for (const value of ["short", "a passphrase with spaces", "two-lines-of-text\nrepo1-cipher-type=none", "sign-beyond-ascii-ä"]) {
    test(`"${value.replace("\n", "\\n")}" is refused, and not shown`, () => {
      const [problem] = backupProblems(rawConfig({ secrets: { "berth:backupKey": value } }));
      assert.equal(problem?.field, "berth:backupKey");
      assert.ok(!JSON.stringify(problem).includes(value));
    });
  }
});
