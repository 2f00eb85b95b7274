import type { Release } from "../../components/release/release-record.ts";
import type { FailedUpdate } from "../deploy/deployer.ts";

/** An entry of `pulumi stack history --json`, as far as it is read. */
export interface CliUpdate {
  kind: string;
  startTime: string;
  endTime?: string;
  result: string;
  message?: string;
  environment?: Record<string, string | undefined>;
}

/** What the CLI's history keeps of an update beside commit and times: who, and where. */
export function updateMessage({ by, from }: Pick<Release, "by" | "from">): string {
  return `berth up by ${by.replaceAll(/\s+/g, " ")} on ${from.host}`;
}

/** Updates that failed, newest first; previews, refreshes and destroys are left out. Of plain `pulumi up` who and where are not known. */
export function failedUpdates(history: readonly CliUpdate[] | null): FailedUpdate[] {
  const updates = (history ?? []).filter(({ kind }) => kind === "update");
  const newestGood = updates.findIndex(({ result }) => result === "succeeded");
  return updates
    .flatMap((update, index) => (update.result === "failed" ? [{ ...update, followed: newestGood !== -1 && newestGood < index }] : []))
    .map(({ startTime, endTime = startTime, message = "", environment = {}, followed }) => {
      const { "git.head": revision, "git.dirty": dirty } = environment;
      const [, by, host] = /^berth up by (.+) on (\S+)$/.exec(message) ?? [];
      const times = { start: new Date(startTime).toISOString(), end: new Date(endTime).toISOString() };
      return { ...times, ...(by !== undefined && host !== undefined && { by, host }), ...(revision !== undefined && { revision, dirty: dirty === "true" }), ...(followed && { followed }) };
    });
}
