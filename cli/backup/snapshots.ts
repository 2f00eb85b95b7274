import type Dockerode from "dockerode";
import { findPart, lastLine, type Mount, mountsOf, runOnce } from "./container.ts";
import { OpsError } from "../exit.ts";
import type { RestoreTarget } from "./restore-target.ts";
import { age, size, table } from "../table.ts";
import { redisSource, snapshotPaths } from "../../components/snapshots/snapshot-config.ts";

/** The containers of a stack that snapshots of Redis and of volumes, and restores of them, are copied from. */
export interface SnapshotParts {
  stack: string;
  /** Start of every fixed name of the stack on its host, for example `berth-dev`. */
  prefix: string;
  /** The container of the drills: it can give files to their owners. */
  drill: Dockerode.ContainerInspectInfo;
  /** The container of the differential schedule; on a new host it comes last. */
  backup: Dockerode.ContainerInspectInfo | undefined;
  /** What snapshots are made of: `redis`, or `<application>/<volume>`. */
  sources: string[];
}

export interface Snapshot {
  id: string;
  source: string;
  /** `before-restore`: what a restore has replaced. */
  type: "full" | "differential" | "before-restore";
  /** ISO, UTC: when it began. */
  time: string;
  bytes: number;
  files: number;
}

/** Undefined where a stack has none. */
export async function snapshotParts(docker: Dockerode, stack: string): Promise<SnapshotParts | undefined> {
  const [drill, backup] = await Promise.all(["drill", "differential"].map((kind) => findPart(docker, stack, `schedule-snapshots-${kind}`)));
  if (drill === undefined) return undefined;
  const variable = (name: string) => drill.Config.Env.find((entry) => entry.startsWith(`${name}=`))?.slice(name.length + 1) ?? "";
  return { stack, prefix: variable("BERTH_STACK"), drill, backup, sources: variable("BERTH_SOURCES").split(",") };
}

/** How `./berth restore` is told a source. */
export function optionFor(source: string): string {
  return source === redisSource ? "--redis" : `--volume ${source}`;
}

/** The mounts of the drill's container that a repository needs, and these. */
export function repositoryMounts({ drill }: SnapshotParts, more: Mount[]): Mount[] {
  const own = mountsOf(drill).filter(({ Target }) => Target === snapshotPaths.repository || Target === snapshotPaths.secrets);
  return [...own.map((mount) => ({ ...mount, ReadOnly: mount.Target === snapshotPaths.secrets })), ...more];
}

/** Every snapshot of the stack, oldest first. @throws OpsError where the key does not open the repository. */
export async function listSnapshots(docker: Dockerode, { stack, drill }: SnapshotParts): Promise<Snapshot[]> {
  const script = 'exec timeout 60 restic $BERTH_RESTIC_OPTIONS snapshots --no-lock --json --host "$BERTH_STACK"';
  const ended = await runOnce(docker, drill, { stack, command: ["sh", "-c", script], network: true });
  if (ended.code === 12) throw new OpsError("the repository of snapshots cannot be read: berth:backupKey is not the key that it was made with");
  if (ended.code !== 0) throw new OpsError(`the repository of snapshots cannot be read: ${ended.code === 124 ? "the store does not answer as it should" : lastLine(ended)}`);
  return parseSnapshots(ended.stdout);
}

/** What `restic snapshots --json` prints, as far as it is read here. */
interface Listed {
  short_id: string;
  time: string;
  tags: string[];
  summary?: { total_bytes_processed: number; total_files_processed: number };
}

export function parseSnapshots(json: string): Snapshot[] {
  const listed = JSON.parse(json) as Listed[] | null;
  return (listed ?? []).map(({ short_id: id, time, tags: [source = "", type = ""], summary }) => ({
    id,
    source,
    type: type as Snapshot["type"],
    time: new Date(time).toISOString().replace(/\.\d+/, ""),
    bytes: summary?.total_bytes_processed ?? 0,
    files: summary?.total_files_processed ?? 0,
  }));
}

/** The snapshot of a source that a restore begins with; undefined where there is none. Of those before a restore only one that is named. */
export function chosen(snapshots: readonly Snapshot[], source: string, target: RestoreTarget): Snapshot | undefined {
  const own = snapshots.filter((snapshot) => snapshot.source === source);
  if (typeof target === "object" && "set" in target) return own.find(({ id }) => id === target.set);
  const made = own.filter(({ type }) => type !== "before-restore");
  return made.findLast(({ time }) => target === "newest" || Date.parse(time) <= Date.parse(target.to.replace(" ", "T")));
}

export function snapshotTable(snapshots: readonly Snapshot[], now: Date): string {
  const rows = snapshots.map(({ id, source, type, time, files, bytes }) => [id, source, type, time, String(files), size(bytes), age((now.getTime() - Date.parse(time)) / 1000)]);
  return table(["SNAPSHOT", "OF", "TYPE", "TIME", "FILES", "SIZE", "AGE"], rows);
}
