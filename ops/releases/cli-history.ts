import type { FailedUpdate } from "../deployer.ts";

/** An entry of `pulumi stack history --json`, as far as it is read. */
export interface CliUpdate {
  kind: string;
  startTime: string;
  endTime?: string;
  result: string;
  environment?: Record<string, string | undefined>;
}

/** Updates that failed, newest first; previews, refreshes and destroys are left out. Who ran one, and where, the CLI does not keep. */
export function failedUpdates(history: readonly CliUpdate[] | null): FailedUpdate[] {
  return (history ?? [])
    .filter(({ kind, result }) => kind === "update" && result === "failed")
    .map(({ startTime, endTime = startTime, environment = {} }) => {
      const { "git.head": revision, "git.dirty": dirty } = environment;
      const times = { start: new Date(startTime).toISOString(), end: new Date(endTime).toISOString() };
      return revision === undefined ? times : { ...times, revision, dirty: dirty === "true" };
    });
}
