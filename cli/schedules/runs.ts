import { nextTime, parseCron } from "../../components/app/cron.ts";

/** When a schedule is due, as its crontab and its container say. */
export interface Timing {
  /** Minute, hour, day of month, month, day of week; supercronic also takes seconds before and a year after them. */
  cron: string;
  timeZone: string;
}

/** What a schedule's log tells of its runs. Times are in milliseconds since 1970. */
export interface Runs {
  starts: number[];
  /** Due while the last one still ran, and so left out. */
  leftOut: number[];
  last?: { start: number; end?: number; result: string; ok: boolean };
}

/** The timing of a crontab as {@link Schedule} writes it: settings, then one line of time and command. */
export function readTiming(crontab: string, timeZone: string): Timing {
  const line = crontab.split("\n").find((text) => text !== "" && !/^\w+=/.test(text)) ?? "";
  const cron = /^(.*?) exec /.exec(line)?.[1];
  if (cron === undefined) throw new Error(`a crontab without a command: ${crontab}`);
  return { cron, timeZone };
}

interface Entry {
  time: string;
  msg: string;
}

/** Reads supercronic's own lines; what the command itself printed stands between them and is passed over. */
export function readRuns(log: string): Runs {
  const runs: Runs = { starts: [], leftOut: [] };
  for (const line of log.split("\n")) {
    const entry = entryOf(line);
    if (entry === undefined) continue;
    const time = Date.parse(entry.time);
    if (entry.msg.startsWith("read crontab")) {
      // Its container was started anew: what still ran was killed with the one before.
      if (runs.last?.result === "running") runs.last = { ...runs.last, result: "failed: killed with its container", ok: false };
    } else if (entry.msg === "starting") {
      runs.starts.push(time);
      runs.last = { start: time, result: "running", ok: true };
    } else if (entry.msg.startsWith("not starting: job is still running")) runs.leftOut.push(time);
    else if (runs.last !== undefined && entry.msg === "job succeeded") runs.last = { ...runs.last, end: time, result: "succeeded", ok: true };
    else if (runs.last !== undefined && entry.msg.startsWith("error running command: ")) {
      runs.last = { ...runs.last, end: time, result: `failed: ${entry.msg.slice("error running command: ".length)}`, ok: false };
    }
  }
  return runs;
}

function entryOf(line: string): Entry | undefined {
  if (!line.startsWith("{") || !/"job\.schedule"|"msg":"read crontab/.test(line)) return undefined;
  try {
    const entry = JSON.parse(line) as Partial<Entry>;
    return typeof entry.time === "string" && typeof entry.msg === "string" ? (entry as Entry) : undefined;
  } catch {
    return undefined;
  }
}

/** The next time that it is due after `now`. */
export function nextRun({ cron, timeZone }: Timing, now: number): number | undefined {
  return nextTime(parseCron(cron), timeZone, now);
}

/** How long a start may be after its time; the container itself takes some time to be up. */
const tolerance = 30_000;

/** As many due times are looked at; more would take longer than anybody waits. */
const most = 2000;

/** Times from `from` until `now` at which it was due and neither started nor was left out: its container did not run. */
export function missedRuns(timing: Timing, { starts, leftOut }: Runs, from: number, now: number): number[] {
  const seen = [...starts, ...leftOut].toSorted((a, b) => a - b);
  const cron = parseCron(timing.cron);
  const after = (time: number) => nextTime(cron, timing.timeZone, time) ?? Infinity;
  const first = after(from);
  const begin = Math.max(from, now - most * (after(first) - first));
  const missed: number[] = [];
  let at = 0;
  for (let due = after(begin); due < now - tolerance; due = after(due)) {
    while (at < seen.length && (seen[at] ?? 0) < due - 1000) at++;
    if ((seen[at] ?? Infinity) > due + tolerance) missed.push(due);
  }
  return missed;
}
