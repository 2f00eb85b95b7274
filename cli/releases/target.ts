import { type Release, withoutTag } from "../../components/release/release-record.ts";
import type { FailedUpdate } from "../deploy/deployer.ts";
import { OpsError, usageError } from "../exit.ts";
import type { StackValues } from "../promote/stack-file.ts";
import type { Ran } from "./migrations-back.ts";
import { releaseAt, releasesOf } from "./app-releases.ts";
import { covers } from "./covers.ts";
import { previousOf } from "./records.ts";

/** An update that did not end well, and left the stack between two releases. */
export interface Left {
  /** For people, for example `the update that failed at 2026-11-22 16:06 UTC`. */
  what: string;
  /** The commit that it was of, where the work tree was that commit. */
  revision?: string;
}

/**
 * The newest update that failed or was killed, with nothing after it that ended well and was of the same applications. Pure.
 *
 * @param app Only updates of this application, or of all. @default any update
 */
export function leftBy(releases: readonly Release[], failed: readonly FailedUpdate[], wasKilled: boolean, app?: string): Left | undefined {
  const of = app === undefined ? undefined : [app];
  const isOpen = ({ end, apps, followed }: FailedUpdate) => {
    const newest = releases.findLast((release) => covers(release.apps, of ?? apps));
    return followed !== true && newest !== undefined && end > newest.time && (app === undefined || apps === undefined || apps.includes(app));
  };
  const last = failed.find(isOpen);
  if (last !== undefined) {
    return { what: `the update that failed at ${shortTime(last.end)}`, ...(last.revision !== undefined && last.dirty !== true && { revision: last.revision }) };
  }
  return wasKilled ? { what: "an update that was killed" } : undefined;
}

/**
 * Where a rollback goes, and from where. Without a number it is what ran last: the newest release where an update has
 * failed since, else the one before it.
 *
 * @param app The application that goes back alone: both are then what they had of it. @default the whole stack
 * @throws OpsError naming the releases that are known, where there is none to go back to or none of this number.
 */
export function chosen(stack: string, all: readonly Release[], number: string | undefined, left?: Left, app?: string): { from: Release; to: Release } {
  const releases = app === undefined ? all : releasesOf(all, app);
  const whose = app === undefined ? `stack "${stack}"` : `application "${app}" of stack "${stack}"`;
  const from = releases.at(-1);
  if (from === undefined) throw new OpsError(`${whose} has no releases in its state: ./berth up -s ${stack} makes the first`);
  const known = releases.slice(0, -1).map((release) => release.number).join(", ") || "none";
  const before = left === undefined ? previousOf(releases, app) : from;
  const to = number === undefined ? before : releaseAt(all, releases, number);
  if (to !== undefined) return { from, to };
  if (number === undefined) throw new OpsError(`${whose} has no release before ${from.number}: those before it are ${known}`);
  throw usageError(`${whose} has no release ${number}: it runs ${from.number}, and those before it are ${known}; ./berth releases -s ${stack} tells of each`);
}

/** All whose migrations may have run since a release: every later one, and what an update began that did not end well. Pure. */
export function ranSince(releases: readonly Release[], to: Release, left: Left | undefined, apps: StackValues["apps"]): Ran[] {
  const later: Ran[] = releases.filter(({ number }) => number > to.number);
  if (left === undefined) return later;
  const begun: Ran = { images: {}, revisions: {} };
  for (const [name, { image, revision }] of Object.entries(apps)) {
    begun.images[name] = image === undefined ? "built by it" : withoutTag(image);
    if (image === undefined) begun.revisions[name] = left.revision ?? null;
    else if (revision !== undefined) begun.revisions[name] = revision;
  }
  return [...later, begun];
}

export function told({ number, time, by }: Release): string {
  return `${number} (${shortTime(time)}, ${by})`;
}

function shortTime(time: string): string {
  return `${time.slice(0, 16).replace("T", " ")} UTC`;
}
