import { linkSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { dirname } from "node:path";
import { loginName } from "../components/release/login-name.ts";

interface Holder {
  pid: number;
  user: string;
  host: string;
  started: string;
  startTicks: string;
  /** Which machine, and which of its starts: host names repeat. Empty where the machine does not say. */
  machine?: string;
  boot?: string;
}

/**
 * A lock file beside the state, which names the process that holds it. A lock whose process is gone is taken over, by
 * one process at a time. Throws when another process holds it.
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
    for (let attempt = 0; attempt < 50; attempt += 1) {
      if (tryCreate(path)) {
        const lock = new Lock(path);
        process.once("exit", () => lock.release());
        return lock;
      }
      const holder = readHolder(path);
      if (holder !== undefined && isAlive(holder)) {
        throw new Error(
          `the stack is being changed by process ${holder.pid} of ${holder.user} on ${holder.host} since ${holder.started}: wait until it has ended and run this again. If that machine is gone for good: rm ${path}`,
        );
      }
      removeDead(path, holder);
      pause();
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

/** The file appears with its content, so that nobody finds a lock without a holder. */
function tryCreate(path: string): boolean {
  const holder: Holder = { pid: process.pid, user: loginName(), host: hostname(), started: new Date().toISOString(), startTicks: startTicks(process.pid), machine: idOf(machineFile), boot: idOf(bootFile) };
  const own = `${path}.${process.pid}`;
  writeFileSync(own, JSON.stringify(holder), { mode: 0o600, flush: true });
  try {
    linkSync(own, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") {
      return false;
    }
    throw error;
  } finally {
    rmSync(own, { force: true });
  }
}

/** Waits 20 ms for another process that is taking over the same lock. */
function pause(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
}

/** How old a guard is before it is taken for that of a process which was killed, in milliseconds. */
const guardDeadline = 10_000;

/** Removes the lock of `dead`, unless another process has done so and taken it: two of them must not both remove one. */
function removeDead(path: string, dead: Holder | undefined): void {
  const guard = `${path}.guard`;
  try {
    writeFileSync(guard, "", { flag: "wx" });
  } catch {
    const made = statSync(guard, { throwIfNoEntry: false })?.mtimeMs ?? 0;
    if (Date.now() - made > guardDeadline) {
      rmSync(guard, { force: true });
    }
    return;
  }
  const now = readHolder(path);
  if (now?.pid === dead?.pid && now?.started === dead?.started) {
    rmSync(path, { force: true });
  }
  rmSync(guard, { force: true });
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
  const { machine = "", boot = "" } = holder;
  if (machine !== "" && machine !== idOf(machineFile)) return true;
  // Where the machine says nothing of itself it may be another one, which runs.
  if (boot !== "" && boot !== idOf(bootFile)) return machine === "";
  return isRunning(holder.pid) && startTicks(holder.pid) === holder.startTicks;
}

const machineFile = "/etc/machine-id";
const bootFile = "/proc/sys/kernel/random/boot_id";

function idOf(file: string): string {
  try {
    return readFileSync(file, "utf8").trim();
  } catch {
    return "";
  }
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
