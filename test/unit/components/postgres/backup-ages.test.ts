import assert from "node:assert/strict";
import { describe, test } from "node:test";
import * as fc from "fast-check";
import { nextTime, parseCron } from "../../../../components/app/cron.ts";
import { backupAges, longestWait } from "../../../../components/postgres/backup-ages.ts";

const hour = 3600;
const day = 24 * hour;

describe("a backup is too old by its own schedule", () => {
  test("two hours after the next one should have begun, a drill a day after", () => {
    const daily = { full: "30 2 * * 0", differential: "30 2 * * 1-6", drill: "30 4 * * 6", timeZone: "UTC" };
    assert.deepEqual(backupAges(daily), { backup: 26 * hour, drill: 8 * day });
    assert.deepEqual(backupAges({ ...daily, differential: "30 */6 * * *" }), { backup: 8 * hour, drill: 8 * day });
    assert.deepEqual(backupAges({ ...daily, differential: "30 2 * * 3", drill: "0 5 1 * *" }), { backup: 4 * day + 2 * hour, drill: 32 * day });
  });

  test("the longest wait is that over a weekend, a month, a change of the clock, or a year without a 29th of February", () => {
    const of = (...crons: string[]) => longestWait(crons, "UTC") / hour;
    assert.equal(of("0 9-17 * * 1-5"), 64);
    assert.equal(of("0 3 1 * *"), 31 * 24);
    assert.equal(of("0 3 1 1 *"), 366 * 24);
    assert.equal(of("0 3 29 2 *"), (4 * 365 + 1) * 24);
    assert.equal(of("* * * * *"), 1);
    assert.equal(of("0 3 30 2 *"), 1, "a day that never comes leaves no wait");
    assert.equal(longestWait(["0 12 * * *"], "Europe/Vienna") / hour, 25);
  });

  test("it is never shorter than a wait that there is", () => {
    const field = (min: number, max: number) => fc.oneof(fc.constant("*"), fc.integer({ min, max }).map(String));
    const cron = fc.tuple(fc.integer({ min: 0, max: 59 }).map(String), field(0, 23), field(1, 28), fc.constant("*"), field(0, 6)).map((fields) => fields.join(" "));
    fc.assert(
      fc.property(fc.array(cron, { minLength: 1, maxLength: 2 }), fc.integer({ min: 0, max: 300 }), (crons, after) => {
        const parsed = crons.map(parseCron);
        const next = (at: number) => Math.min(...parsed.map((one) => nextTime(one, "UTC", at) ?? Infinity));
        const first = next(Date.UTC(2024, 0, 1 + after));
        assert.ok((next(first) - first) / 1000 <= longestWait(crons, "UTC") + hour, crons.join("; "));
      }),
      { numRuns: 20 },
    );
  });
});
