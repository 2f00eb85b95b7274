import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { renderCrontab } from "../../../../components/app/schedule.ts";
import { scheduleTable, type ScheduleStatus } from "../../../../cli/schedules/schedules.ts";
import { missedRuns, nextRun, readRuns, readTiming } from "../../../../cli/schedules/runs.ts";

const at = (text: string) => Date.parse(text);
/** A line as supercronic writes it with -json. */
const line = (time: string, msg: string) => JSON.stringify({ iteration: 0, "job.command": "exec x", "job.schedule": "0 * * * *", level: "info", msg, time });
const begin = (time: string) => JSON.stringify({ level: "info", msg: "read crontab: /etc/berth-schedule/crontab", time });

test("a crontab is read as it is written", () => {
  for (const cron of ["15 3 * * *", "*/2 * * * * * *"]) {
    assert.deepEqual(readTiming(renderCrontab({ cron, command: ["sh", "-c", "exec true"] }), "UTC"), { cron, timeZone: "UTC" });
  }
});

describe("the log of a schedule", () => {
  test("has the last start, its result and how long it took; what the command printed is passed over", () => {
    const log = [
      begin("2026-11-22T20:00:00+09:00"),
      line("2026-11-22T21:00:00+09:00", "starting"),
      '{"msg":"starting","time":"of the command itself"}',
      "plain text",
      line("2026-11-22T21:00:07+09:00", "job succeeded"),
      line("2026-11-22T22:00:00+09:00", "starting"),
      line("2026-11-22T22:00:03+09:00", "not starting: job is still running since …"),
      line("2026-11-22T22:00:04+09:00", "error running command: exit status 3"),
      '{"torn',
    ].join("\n");
    assert.deepEqual(readRuns(log), {
      starts: [at("2026-11-22T12:00:00Z"), at("2026-11-22T13:00:00Z")],
      leftOut: [at("2026-11-22T13:00:03Z")],
      last: { start: at("2026-11-22T13:00:00Z"), end: at("2026-11-22T13:00:04Z"), result: "failed: exit status 3", ok: false },
    });
    assert.deepEqual(readRuns(""), { starts: [], leftOut: [] });
  });

  test("tells a run that goes on from one that was killed", () => {
    const running = line("2026-11-22T12:00:00Z", "starting");
    assert.equal(readRuns(running).last?.result, "running");
    assert.equal(readRuns(`${running}\n${begin("2026-11-22T12:30:00Z")}`).last?.result, "failed: killed with its container");
  });
});

describe("the clock", () => {
  test("is that of the time zone, also where summer time ends", () => {
    const timing = { cron: "15 3 * * *", timeZone: "Europe/Vienna" };
    assert.equal(nextRun(timing, at("2026-10-24T00:00:00Z")), at("2026-10-24T01:15:00Z"));
    assert.equal(nextRun(timing, at("2026-10-25T00:00:00Z")), at("2026-10-25T02:15:00Z"));
    // To supercronic six fields are five and a year.
    assert.equal(nextRun({ cron: "0 0 1 1 * 2031", timeZone: "UTC" }, at("2026-01-01T00:00:00Z")), at("2031-01-01T00:00:00Z"));
    assert.equal(nextRun({ cron: "0 0 1 1 * 2020", timeZone: "UTC" }, at("2026-01-01T00:00:00Z")), undefined);
  });

  test("shows what was due and did not start; what was left out, or starts a little late, is not missed", () => {
    const timing = { cron: "0 * * * *", timeZone: "UTC" };
    const runs = { starts: [at("2026-11-22T01:00:00Z"), at("2026-11-22T03:00:12Z")], leftOut: [at("2026-11-22T04:00:00Z")] };
    const missed = missedRuns(timing, runs, at("2026-11-22T00:30:00Z"), at("2026-11-22T06:00:10Z"));
    assert.deepEqual(missed, [at("2026-11-22T02:00:00Z"), at("2026-11-22T05:00:00Z")]);
    assert.deepEqual(missedRuns(timing, { starts: [], leftOut: [] }, at("2026-11-22T00:30:00Z"), at("2026-11-22T00:45:00Z")), []);
    assert.equal(missedRuns({ ...timing, cron: "* * * * *" }, { starts: [], leftOut: [] }, at("2026-11-20T00:00:00Z"), at("2026-11-22T00:00:00Z")).length, 1999);
  });
});

test("the table says what is wrong in words", () => {
  const common = { cron: "0 3 * * *", timeZone: "UTC", missed: [], leftOut: 0, since: "2026-11-22T00:00:00Z", nextRun: "2026-11-23T03:00:00Z", running: true };
  const rows: ScheduleStatus[] = [
    { ...common, schedule: "shop/report", lastStart: "2026-11-22T03:00:00Z", lastResult: "failed: exit status 3", lastMilliseconds: 4000 },
    { ...common, schedule: "shop/new" },
    { ...common, schedule: "shop/off", running: false, missed: ["2026-11-21T03:00:00Z"], leftOut: 2 },
  ];
  const [, report, fresh, off] = scheduleTable(rows, { resultStyle: (_style, text) => text }).split("\n");
  assert.match(report ?? "", /failed: exit status 3, 4\.0 s {2,}2026-11-23T03:00:00Z {2}-$/);
  assert.match(fresh ?? "", / - {2,}none since 2026-11-22T00:00:00Z/);
  assert.match(off ?? "", /stopped {2,}1, last 2026-11-21T03:00:00Z; 2 left out$/);
});
