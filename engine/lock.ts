import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, rmSync, writeSync } from "node:fs";
import { hostname } from "node:os";
import { dirname } from "node:path";

interface Holder {
  pid: number;
  host: string;
  started: string;
  startTicks: string;
}

/**
 * A lock file beside the state, which names the process that holds it. A lock whose process is gone is taken over.
 * Throws when another process holds it.
 */
export class Lock {
  readonly #path: string;
  #released = false;

  private constructor(path: string) {
    this.#path = path;
  }

  static take(stateFile: string): Lock {
    const path = `${stateFile}.lock`;
    mkdirSync(dirname(path), { recursive: true });
    for (let attempt = 0; attempt < 3; attempt += 1) {
      if (tryCreate(path)) {
        const lock = new Lock(path);
        process.once("exit", () => lock.release());
        return lock;
      }
      const holder = readHolder(path);
      if (holder !== undefined && isAlive(holder)) {
        throw new Error(
          `the stack is locked by process ${holder.pid} on ${holder.host}, since ${holder.started} (${path}); wait for it to finish, or end that process`,
        );
      }
      rmSync(path, { force: true });
    }
    throw new Error(`${path}: cannot be taken; other processes are contending for it`);
  }

  release(): void {
    if (!this.#released) {
      this.#released = true;
      rmSync(this.#path, { force: true });
    }
  }
}

function tryCreate(path: string): boolean {
  const holder: Holder = { pid: process.pid, host: hostname(), started: new Date().toISOString(), startTicks: startTicks(process.pid) };
  let file: number;
  try {
    file = openSync(path, "wx", 0o600);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") {
      return false;
    }
    throw error;
  }
  writeSync(file, JSON.stringify(holder));
  fsyncSync(file);
  closeSync(file);
  return true;
}

function readHolder(path: string): Holder | undefined {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as Holder;
  } catch {
    return undefined;
  }
}

function isAlive(holder: Holder): boolean {
  if (holder.host !== hostname()) {
    return true;
  }
  return isRunning(holder.pid) && startTicks(holder.pid) === holder.startTicks;
}

/** Whether a process of this machine can still do anything: one that was killed stays listed until it is reaped. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
  return !["Z", "X"].includes(statOf(pid)[0] ?? "");
}

/** When the process started, so that a reused pid is not taken for the lock's holder. */
function startTicks(pid: number): string {
  return statOf(pid)[19] ?? "";
}

/** The fields of /proc/<pid>/stat from the process's state on; none where it is gone. */
function statOf(pid: number): string[] {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  } catch {
    return [];
  }
}
