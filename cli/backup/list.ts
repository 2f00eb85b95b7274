import type Dockerode from "dockerode";
import { type BackupParts, runOnce } from "./container.ts";
import { OpsError } from "../exit.ts";
import { age, size, table } from "../table.ts";

export interface Backup {
  label: string;
  type: "full" | "diff" | "incr";
  /** ISO, UTC. */
  started: string;
  ended: string;
  /** Bytes of the database, and what the backup itself takes in the repository. */
  databaseBytes: number;
  repositoryBytes: number;
  /** First and last segment of the log that it needs to be consistent. */
  wal: { first: string; last: string };
  /** False where a page's checksum was wrong when it was made. */
  good: boolean;
}

/** What `pgbackrest info --output=json` prints, as far as it is read here. */
interface Info {
  status: { code: number; message: string };
  repo: { status: { code: number; message: string } }[];
  backup: {
    label: string;
    type: Backup["type"];
    error: boolean | null;
    archive: { start: string; stop: string };
    info: { size: number; repository: { delta: number } };
    timestamp: { start: number; stop: number };
  }[];
}

/** Backups in the repository that are finished, oldest first. @throws OpsError where the key does not open it. */
export async function listBackups(docker: Dockerode, { stack, backup }: BackupParts): Promise<Backup[]> {
  const { code, stdout, output } = await runOnce(docker, backup, { stack, command: ["pgbackrest", "--io-timeout=5", "info", "--output=json"], network: true });
  if (code !== 0) throw new OpsError(`the repository cannot be read:\n${output.trim()}`);
  return parseInfo(stdout);
}

/** @throws OpsError for a repository that has an error of its own, such as a key that does not open it. */
export function parseInfo(json: string): Backup[] {
  const [info] = JSON.parse(json) as Info[];
  const status = info?.repo[0]?.status ?? info?.status ?? { code: 99, message: "no answer of pgbackrest info" };
  // Up to 3: there is nothing in it yet.
  if (info === undefined || status.code > 3) {
    const message = status.message.replace(/[^\x20-\x7e\n]+/g, "…").split("\n")[0] ?? "";
    const why = /connect|HostConnect|Service|Protocol/.test(message) ? "the store does not answer as it should" : "berth:backupKey is not the key that it was made with, or it is damaged";
    throw new OpsError(`the backup repository cannot be read: ${why} (${message.slice(0, 200)})`);
  }
  return info.backup.map(({ label, type, error, archive, info: { size: databaseBytes, repository }, timestamp }) => ({
    label,
    type,
    started: time(timestamp.start),
    ended: time(timestamp.stop),
    databaseBytes,
    repositoryBytes: repository.delta,
    wal: { first: archive.start, last: archive.stop },
    good: error !== true,
  }));
}

function time(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace(".000", "");
}

export function backupTable(backups: readonly Backup[], now: Date): string {
  const rows = backups.map(({ label, type, started, ended, databaseBytes, repositoryBytes, wal, good }) => [
    label,
    type,
    started,
    ended,
    size(databaseBytes),
    size(repositoryBytes),
    wal.first === wal.last ? wal.first : `${wal.first}-${wal.last.slice(-8)}`,
    age((now.getTime() - Date.parse(ended)) / 1000),
    good ? "good" : "damaged pages",
  ]);
  return table(["LABEL", "TYPE", "STARTED", "ENDED", "DATABASE", "REPOSITORY", "WAL", "AGE", "STATE"], rows);
}
