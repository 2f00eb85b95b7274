import type { ChildProcess } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

/** Sessions of one connection: sshd's MaxSessions is 10, of which the connection's own is one. */
const most = 8;

/** How long a connection may take until it is there, in milliseconds: ssh itself gives up after 10 s. */
const patience = 15_000;

interface Master {
  path: string;
  sessions: number;
  /** Undefined until it is its turn. */
  child?: ChildProcess;
  ready: Promise<void>;
}

/**
 * Connections of the user's `ssh` to one host, each shared by some sessions, so that many requests to a Docker Engine are few
 * connections: sshd drops those that are not logged in yet from the eleventh on. They are opened one after the other.
 */
export class SshMasters {
  readonly #masters = new Set<Master>();
  readonly #folder: string;
  readonly #open: (options: readonly string[]) => ChildProcess;
  #made = 0;
  #last: Promise<unknown> = Promise.resolve();

  /**
   * @param folder Its sockets are there; nobody else may read it.
   * @param open Starts `ssh` with these options before its own, and a command that ends when its input does: so a connection
   *   ends with this process, however that ends.
   */
  constructor(folder: string, open: (options: readonly string[]) => ChildProcess) {
    this.#folder = folder;
    this.#open = open;
    process.once("exit", () => this.#masters.forEach(({ child }) => child?.kill()));
  }

  /** Options of `ssh` for one more session, and what is called when that has ended. @throws Error where there is no connection */
  async session(): Promise<{ options: string[]; end: () => void }> {
    const master = [...this.#masters].find(({ sessions }) => sessions < most) ?? this.#add();
    master.sessions += 1;
    await master.ready;
    return { options: ["-o", "ControlMaster=no", "-o", `ControlPath=${master.path}`], end: () => void (master.sessions -= 1) };
  }

  #add(): Master {
    const path = join(this.#folder, `master-${this.#made++}`);
    const before = this.#last;
    const opened = before.then(() => {
      const child = this.#open(["-o", "ControlMaster=yes", "-o", `ControlPath=${path}`, "-o", "ControlPersist=no"]);
      master.child = child;
      child.on("error", () => this.#masters.delete(master)).on("close", () => this.#masters.delete(master));
      for (const part of [child, child.stdin]) (part as { unref?: () => unknown } | null)?.unref?.();
      return isThere(path, child);
    });
    const master: Master = { path, sessions: 0, ready: opened };
    this.#last = opened.catch(() => this.#masters.delete(master));
    this.#masters.add(master);
    return master;
  }
}

async function isThere(path: string, child: ChildProcess): Promise<void> {
  let failed: unknown;
  child.on("error", (error) => (failed = error));
  for (const deadline = Date.now() + patience; !existsSync(path); await delay(20)) {
    if (failed !== undefined || child.exitCode !== null || child.signalCode !== null) throw new Error("ssh made no connection, see above", { cause: failed });
    if (Date.now() > deadline) throw new Error(`ssh made no connection within ${patience / 1000} s`);
  }
}
