import { randomUUID } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { homedir, hostname, userInfo } from "node:os";
import { dirname, join, resolve } from "node:path";
import { OpsError } from "../exit.ts";
import { heldBy, type Holder } from "./lock-holders.ts";

/** Where a backend of the Pulumi CLI is a folder: the folder; undefined for a bucket or a service. */
export function folderOf(url: string, project: string): string | undefined {
  if (!url.startsWith("file://")) return undefined;
  const path = (url.slice("file://".length).split("?")[0] ?? "").replace(/^~(?=\/|$)/, homedir());
  return resolve(project, path);
}

/**
 * The lock that the Pulumi CLI takes on a stack whose state is in a folder, in its own form: it refuses to begin while
 * this one is there, and says whose it is. Like the CLI's own it is looked at, written, and looked at again.
 *
 * @param folder That of the backend.
 * @returns What gives it back.
 * @throws OpsError naming who holds it.
 */
export function takeFolderLock(folder: string, project: string, stack: string): () => void {
  const locks = join(folder, ".pulumi/locks/organization", project, stack);
  const own = `${randomUUID()}.json`;
  requireNone(locks, own, stack);
  mkdirSync(locks, { recursive: true });
  const content = { pid: process.pid, username: userInfo().username, hostname: hostname(), timestamp: new Date().toISOString() };
  // Nobody finds it half written.
  const written = join(dirname(locks), own);
  writeFileSync(written, JSON.stringify(content));
  renameSync(written, join(locks, own));
  const release = () => {
    process.off("exit", release);
    rmSync(join(locks, own), { force: true });
  };
  process.once("exit", release);
  try {
    requireNone(locks, own, stack);
  } catch (error) {
    release();
    throw error;
  }
  return release;
}

function requireNone(locks: string, own: string, stack: string): void {
  const holders = namesIn(locks).flatMap((name): Holder[] => {
    if (name === own || !name.endsWith(".json")) return [];
    const { pid, username: user, hostname: host, timestamp: since } = JSON.parse(readFileSync(join(locks, name), "utf8")) as { pid: number; username: string; hostname: string; timestamp: string };
    return [{ pid, user, host, since }];
  });
  if (holders.length > 0) throw new OpsError(heldBy(holders, stack));
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}
