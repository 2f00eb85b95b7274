import type { Release } from "../../components/release/release-record.ts";
import type { Deployer, FailedUpdate } from "../deploy/deployer.ts";
import { shortRevision } from "../images/revision.ts";
import { duration, table } from "../table.ts";
import { type Changes, changesBetween, changesInShort } from "./changes.ts";
import { rolledBackTo } from "./note.ts";

/** A release, or an update that failed, as `berth releases` tells it. */
export interface Entry {
  /** Undefined for an update that failed. */
  number?: number;
  time: string;
  by?: string;
  host?: string;
  revision?: string;
  dirty?: boolean;
  seconds: number;
  result: "succeeded" | "failed";
  /** Whether it is what runs. */
  current: boolean;
  images: Record<string, string>;
  revisions: Record<string, string>;
  changes?: Changes;
  note?: string;
  /** The applications that the update was of; all, where it does not say. */
  apps?: readonly string[];
}

/** The records in a stack's state, oldest first; none before the first update, and for stacks of an older Berth. */
export async function readReleases(deployer: Pick<Deployer, "secretOutput">): Promise<Release[]> {
  const releases = await deployer.secretOutput("releases");
  return Array.isArray(releases) ? (releases as Release[]) : [];
}

/** Releases and failed updates, newest first. What changed in the oldest record is not known once older ones are dropped. */
export function entriesOf(releases: readonly Release[], failed: readonly FailedUpdate[]): Entry[] {
  const newest = releases.at(-1)?.number;
  const done = releases.map((release, index): Entry => {
    const { number, time, by, from, seconds, images, revisions, note, apps } = release;
    const before = releases[index - 1];
    const known = before !== undefined || number === 1;
    return { number, time, by, ...from, seconds, result: "succeeded", current: number === newest, images, revisions, ...(known && { changes: changesBetween(before, release) }), ...(note !== undefined && { note }), ...(apps !== undefined && { apps }) };
  });
  const oldest = releases[0]?.time ?? "";
  const others = failed
    .filter(({ end }) => end >= oldest)
    .map(({ start, end, by, host, revision, dirty, apps }): Entry => ({ time: end, ...(apps !== undefined && { apps }), ...(by !== undefined && { by }), ...(host !== undefined && { host }), ...(revision !== undefined && { revision }), ...(dirty !== undefined && { dirty }), seconds: (Date.parse(end) - Date.parse(start)) / 1000, result: "failed", current: false, images: {}, revisions: {} }));
  return [...done, ...others].sort((a, b) => b.time.localeCompare(a.time));
}

export function releaseTable(entries: readonly Entry[]): string {
  const rows = entries.map(({ number, time, by, host, revision, dirty, changes, note, seconds, result, current }) => [
    number === undefined ? "-" : String(number),
    time.replace(/\.\d+Z$/, "Z"),
    by ?? "-",
    [host, revision === undefined ? undefined : shortRevision(revision), dirty === true ? "dirty" : undefined].filter((part) => part !== undefined).join(" ") || "-",
    duration(seconds * 1000),
    current ? "runs" : result,
    [...(note === undefined ? [] : [note]), ...(result === "failed" ? [] : [changes === undefined ? "not known: older records are dropped" : number === 1 ? "first" : changesInShort(changes)])].join(": ") || "-",
  ]);
  return table(["RELEASE", "TIME", "WHO", "FROM", "TOOK", "RESULT", "CHANGED"], rows);
}

/**
 * The release before the newest. A rollback is what it went back to, so the one before it is the one before that, and so
 * on down the chain: a second rollback goes further back, and never to what was left.
 *
 * @param app The application whose releases they are. @default the stack's
 */
export function previousOf(releases: readonly Release[], app?: string): Release | undefined {
  const newest = releases.at(-1);
  return newest === undefined ? undefined : releases.findLast(({ number }) => number < originOf(releases, newest, app));
}

/** The number of the release that first applied what a release applied, as the notes of rollbacks tell it. */
function originOf(releases: readonly Release[], { number, note }: Release, app: string | undefined): number {
  const back = rolledBackTo(note, app);
  if (back === undefined || back >= number) return number; // a note that somebody wrote by hand may say anything
  // An application has no release of its own where the stack's changed nothing of it: it ran the one before.
  const further = releases.findLast((release) => release.number <= back);
  return further === undefined ? back : originOf(releases, further, app);
}
