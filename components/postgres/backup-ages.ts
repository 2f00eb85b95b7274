import { type Cron, nextTime, parseCron } from "../app/cron.ts";
import type { BackupTimes } from "./backup-schedules.ts";

/** Seconds after which the newest backup, and the last restore drill, is too old. */
export interface BackupAges {
  backup: number;
  drill: number;
  /** Whether there are snapshots at the same times. @default false */
  snapshots?: boolean;
}

const hour = 3600;
const day = 24 * hour;

/**
 * The longest wait that the schedules themselves leave, and time for the run: two hours for a backup, a day for a drill,
 * which reads everything.
 */
export function backupAges({ full, differential, drill, timeZone }: BackupTimes): BackupAges {
  return { backup: longestWait([full, differential], timeZone) + 2 * hour, drill: longestWait([drill], timeZone) + day };
}

/**
 * The longest time between two runs of schedules taken together, in seconds; at least an hour, as of runs within one hour only
 * the first is looked at.
 *
 * It is read off one year of a calendar that is always the same, so that no day gives other rules than the day before.
 */
export function longestWait(crons: string[], timeZone: string): number {
  const parsed = crons.map((cron) => firstOfHour(parseCron(cron)));
  const next = (after: number) => Math.min(...parsed.map((cron) => nextTime(cron, timeZone, after) ?? Infinity));
  const end = Date.UTC(2025, 0, 1);
  let longest = hour;
  for (let at = next(Date.UTC(2024, 0, 1)); at < end; ) {
    const following = next(at);
    if (following === Infinity) break;
    longest = Math.max(longest, (following - at) / 1000);
    at = following;
  }
  return longest;
}

function firstOfHour(cron: Cron): Cron {
  return { ...cron, seconds: new Set([Math.min(...cron.seconds)]), minutes: new Set([Math.min(...cron.minutes)]) };
}
