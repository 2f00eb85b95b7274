import assert from "node:assert/strict";
import { describe, test } from "node:test";
import * as fc from "fast-check";
import { nextTime, parseCron } from "../../../../components/app/cron.ts";

const next = (cron: string, zone: string, after: string) => {
  const time = nextTime(parseCron(cron), zone, Date.parse(after));
  return time === undefined ? undefined : new Date(time).toISOString().replace(".000", "");
};

describe("a cron expression", () => {
  test("is due at numbers, names, lists, ranges and steps", () => {
    const from = "2026-11-22T10:30:15Z"; // a Sunday
    assert.equal(next("* * * * *", "UTC", from), "2026-11-22T10:31:00Z");
    assert.equal(next("*/20 * * * *", "UTC", from), "2026-11-22T10:40:00Z");
    assert.equal(next("5/20 * * * *", "UTC", from), "2026-11-22T10:45:00Z");
    assert.equal(next("0 3,15-17/2 * * *", "UTC", from), "2026-11-22T15:00:00Z");
    assert.equal(next("15 3 * * MON-FRI", "UTC", from), "2026-11-23T03:15:00Z");
    assert.equal(next("0 0 * * 7", "UTC", from), "2026-11-29T00:00:00Z");
    assert.equal(next("0 0 1 JAN *", "UTC", from), "2027-01-01T00:00:00Z");
    assert.equal(next("0 0 29 2 *", "UTC", from), "2028-02-29T00:00:00Z");
    assert.equal(next("0 0 30 2 *", "UTC", from), undefined);
  });

  test("with both day fields is due on either; with one of them open on the other", () => {
    assert.equal(next("0 0 13 * 5", "UTC", "2026-11-22T00:00:00Z"), "2026-11-27T00:00:00Z");
    assert.equal(next("0 0 13 * *", "UTC", "2026-11-22T00:00:00Z"), "2026-12-13T00:00:00Z");
    assert.equal(next("0 0 ? * 5", "UTC", "2026-11-22T00:00:00Z"), "2026-11-27T00:00:00Z");
  });

  test("may be a name", () => {
    assert.equal(next("@hourly", "UTC", "2026-11-22T10:30:15Z"), "2026-11-22T11:00:00Z");
    assert.equal(next("@weekly", "UTC", "2026-11-22T10:30:15Z"), "2026-11-29T00:00:00Z");
  });

  test("may have a year, and seconds before it", () => {
    assert.equal(next("0 0 1 1 * 2031", "UTC", "2026-01-01T00:00:00Z"), "2031-01-01T00:00:00Z");
    assert.equal(next("*/2 * * * * * *", "UTC", "2026-01-01T00:00:01Z"), "2026-01-01T00:00:02Z");
  });

  test("that can't be read is an error with what is allowed", () => {
    for (const [cron, message] of [
      ["0 3 * *", /"0 3 \* \*" has 4 fields; allowed: five, minute, hour/],
      ["60 * * * *", /the minute is "60"; allowed: \* or 0 to 59/],
      ["* * * * FRY", /the day of week is "FRY"; allowed: \* or 0 to 7 or SUN to SAT/],
      ["* 5-3 * * *", /the hour is "5-3"/],
      ["*/0 * * * *", /the minute is "\*\/0"/],
      ["1,,2 * * * *", /the minute is "1,,2"/],
      ["@fortnightly", /has 1 fields/],
    ] as const) {
      assert.throws(() => parseCron(cron), message);
    }
  });
});

describe("a time zone", () => {
  test("gives the hour, also where summer time begins and ends", () => {
    assert.equal(next("15 3 * * *", "Asia/Tokyo", "2026-11-22T00:00:00Z"), "2026-11-22T18:15:00Z");
    assert.equal(next("15 3 * * *", "Europe/Vienna", "2026-10-24T12:00:00Z"), "2026-10-25T02:15:00Z");
    assert.equal(next("30 2 * * *", "Europe/Vienna", "2026-10-24T12:00:00Z"), "2026-10-25T00:30:00Z", "the first of two");
    assert.equal(next("30 2 * * *", "Europe/Vienna", "2026-03-28T12:00:00Z"), "2026-03-29T01:30:00Z", "left out: as much later");
  });

  test("never brings a run back: each is later than the one before", () => {
    const zones = fc.constantFrom("UTC", "Europe/Vienna", "America/St_Johns", "Asia/Kathmandu", "Australia/Lord_Howe");
    const crons = fc.constantFrom("* * * * *", "30 2 * * *", "*/7 1-3 * * *", "0 0 * * 1", "59 23 28-31 * *");
    fc.assert(
      fc.property(crons, zones, fc.date({ min: new Date("2020-01-01"), max: new Date("2030-01-01"), noInvalidDate: true }), (cron, zone, from) => {
        let time = from.getTime();
        for (let count = 0; count < 5; count++) {
          const following = nextTime(parseCron(cron), zone, time) ?? 0;
          assert.ok(following > time);
          time = following;
        }
      }),
    );
  });
});
