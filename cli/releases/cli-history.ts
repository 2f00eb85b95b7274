import type { Release } from "../../components/release/release-record.ts";
import type { FailedUpdate } from "../deploy/deployer.ts";
import { covers } from "./covers.ts";

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
export function updateMessage({ by, from }: Pick<Release, "by" | "from">, apps: readonly string[] = []): string {
  return `berth up${apps.length === 0 ? "" : ` of ${apps.join(",")}`} by ${by.replaceAll(/\s+/g, " ")} on ${from.host}`;
}

/** Updates that failed, newest first; previews, refreshes and destroys are left out. Of plain `pulumi up` who and where are not known. */
export function failedUpdates(history: readonly CliUpdate[] | null): FailedUpdate[] {
  const updates = (history ?? []).filter(({ kind }) => kind === "update");
  return updates
    .flatMap((update, index) => {
      const isCovered = ({ result, message }: CliUpdate) => result === "succeeded" && covers(told(message).apps, told(update.message).apps);
      return update.result === "failed" ? [{ ...update, followed: updates.slice(0, index).some(isCovered) }] : [];
    })
    .map(({ startTime, endTime = startTime, message, environment = {}, followed }) => {
      const { "git.head": revision, "git.dirty": dirty } = environment;
      const times = { start: new Date(startTime).toISOString(), end: new Date(endTime).toISOString() };
      return { ...times, ...told(message), ...(revision !== undefined && { revision, dirty: dirty === "true" }), ...(followed && { followed }) };
    });
}

/** Who, where and of which applications, as {@link updateMessage} says it. */
function told(message = ""): Pick<FailedUpdate, "by" | "host" | "apps"> {
  const [, apps, by, host] = /^berth up(?: of (\S+))? by (.+) on (\S+)$/.exec(message) ?? [];
  return by === undefined || host === undefined ? {} : { by, host, ...(apps !== undefined && { apps: apps.split(",") }) };
}
