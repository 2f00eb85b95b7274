import type Dockerode from "dockerode";
import { redisSource } from "../../components/snapshots/snapshot-config.ts";
import type { Report } from "../../standins/report.ts";
import { codeOf, messageOf, OpsError, usageError } from "../exit.ts";
import { interruptible } from "../interruption.ts";
import { table } from "../table.ts";
import type { BackupParts } from "./container.ts";
import { listBackups } from "./list.ts";
import { restoreAside, serves } from "./restore-aside.ts";
import { archiveLive } from "./archive-live.ts";
import { restoreSource } from "./restore-source.ts";
import { describeTarget, type RestoreTarget } from "./restore-target.ts";
import { neededFor } from "./room.ts";
import { chosen, listSnapshots, optionFor, type Snapshot, type SnapshotParts } from "./snapshots.ts";
import { swap } from "./restore-swap.ts";

/** What of a stack was put back. */
export interface Restored {
  /** `postgres`, `redis`, or `<application>/<volume>`. */
  part: string;
  /** What it is now. */
  state: string;
  /** Where the state of before is; undefined where there was none. */
  kept: string | undefined;
}

/** The source that `--redis` or `--volume` names. @throws OpsError (2) for one that the stack has not. */
export function namedSource({ sources, stack }: SnapshotParts, volume: string | undefined): string {
  const source = volume ?? redisSource;
  if (sources.includes(source) && (volume === undefined || volume.includes("/"))) return source;
  const volumes = sources.filter((name) => name !== redisSource);
  if (volume === undefined) throw usageError(`stack "${stack}" has no application with a cache, so nothing of Redis is backed up`);
  throw usageError(`--volume is "${volume}", but must be ${volumes.length === 0 ? "a volume of an application, and none has one" : `one of ${volumes.join(", ")}`}`);
}

/** The snapshot of one source to restore. @throws OpsError where there is none. */
export function requireSnapshot(snapshots: readonly Snapshot[], source: string, target: RestoreTarget, stack: string): Snapshot {
  const found = chosen(snapshots, source, target);
  if (found !== undefined) return found;
  const oldest = snapshots.find((snapshot) => snapshot.source === source);
  const what = typeof target === "object" && "set" in target ? `no snapshot ${target.set} of ${source}` : `no snapshot of ${source}${target === "newest" ? "" : ` at or before ${target.to}`}`;
  throw new OpsError(`${what}; nothing was changed. ${oldest === undefined ? "There is none of it" : `The oldest is of ${oldest.time}`}: ./berth backup list -s ${stack}`);
}

/** @param kept The snapshot of the state of before; undefined where there was none. */
export function restoredFrom({ id, source, time }: Snapshot, kept: string | undefined): Restored {
  return { part: source, state: `${time} (snapshot ${id})`, kept: kept && `snapshot ${kept}` };
}

export interface Everything {
  docker: Dockerode;
  postgres: BackupParts;
  /** Undefined where nothing but Postgres is backed up. */
  snapshots: SnapshotParts | undefined;
  target: RestoreTarget;
}

/** Postgres first, since the rest of the stack waits for it; then Redis and each volume. A part that has no backup of that time is left as it is. */
export async function restoreAll({ docker, postgres, snapshots, target }: Everything, report: Report, signal: AbortSignal): Promise<Restored[]> {
  const backups = await interruptible(signal, listBackups(docker, postgres));
  const taken = snapshots === undefined ? [] : await interruptible(signal, listSnapshots(docker, snapshots));
  const found = (snapshots?.sources ?? []).map((source) => ({ source, snapshot: chosen(taken, source, target) }));
  const lacking = (await serves(docker, postgres.server.Id)) ? await archiveLive(docker, postgres.server.Id, postgres.stack, signal) : undefined;
  if (lacking !== undefined) report.note(lacking);
  await restoreAside(docker, postgres, target, report, signal, neededFor(target, backups));
  const data = await swap(docker, postgres, report, new Date(), signal);
  const restored: Restored[] = [{ part: "postgres", state: describeTarget(target), kept: data }];
  for (const { source, snapshot } of found) {
    if (snapshots === undefined || snapshot === undefined) {
      report.note(`${source} has no snapshot of that time, and is left as it is`);
      continue;
    }
    try {
      restored.push(restoredFrom(snapshot, await restoreSource(docker, snapshots, snapshot, report, signal)));
    } catch (error) {
      throw new OpsError(`${messageOf(error)}\nRestored before that, and so it stays: ${restored.map(({ part }) => part).join(", ")}. Go on: ./berth restore ${optionFor(source)} -s ${postgres.stack}, and so with what comes after it`, codeOf(error));
    }
  }
  return restored;
}

export function restoredTable(restored: readonly Restored[]): string {
  return table(["PART", "IS NOW", "BEFORE"], restored.map(({ part, state, kept }) => [part, state, kept ?? "empty"]));
}
