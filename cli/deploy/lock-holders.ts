import { hostname, uptime } from "node:os";
import { setTimeout as delay } from "node:timers/promises";
import { isRunning } from "../../pulumi/lock.ts";

/** Who holds the lock of a stack. */
export interface Holder {
  user: string;
  host: string;
  pid: number;
  /** ISO 8601, with the holder's time zone. */
  since?: string;
}

/** The holders that the CLI's message names, of a stack in a folder or a bucket. */
export function lockHolders(text: string): Holder[] {
  return [...text.matchAll(/created by (\S+?)@(\S+) \(pid (\d+)\)(?: at (\S+))?/g)].map(([, user = "", host = "", pid = "", since]) => {
    return { user, host, pid: Number(pid), ...(since !== undefined && { since }) };
  });
}

/** The message for people: who, and how to go on. */
export function heldBy(holders: readonly Holder[], stack: string): string {
  const list = holders.map(({ user, host, pid, since }) => `process ${pid} of ${user} on ${host}${since === undefined ? "" : ` since ${since}`}`).join(", ");
  return `stack "${stack}" is being changed by ${list}: wait until it has ended and run this again. If it is gone for good: pulumi cancel -s ${stack}`;
}

/** Whether all ran on this machine and have ended, or do so at once: one that was killed takes a moment to go. */
export async function areGone(holders: readonly Holder[]): Promise<boolean> {
  if (holders.length === 0 || holders.some(({ host }) => host !== hostname())) return false;
  return !(await Promise.all(holders.filter((holder) => !isBeforeBoot(holder)).map(({ pid }) => hasEnded(pid)))).includes(false);
}

/** Since this machine was started, another process may have the number. */
function isBeforeBoot({ since }: Holder): boolean {
  return since !== undefined && Date.parse(since) < Date.now() - (uptime() + 60) * 1000;
}

async function hasEnded(pid: number): Promise<boolean> {
  for (const deadline = Date.now() + 2000; isRunning(pid); await delay(50)) {
    if (Date.now() > deadline) return false;
  }
  return true;
}
