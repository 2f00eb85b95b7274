import { setTimeout as delay } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import { Lock } from "../../pulumi/lock.ts";
import type { Backend } from "../setup/backend.ts";
import type { Project } from "../project.ts";
import { areGone, type Holder, lockHolders } from "./lock-holders.ts";
import type { PulumiCli } from "./pulumi-cli.ts";

/** The lock that a killed `pulumi up` leaves in a folder, and its way past it. */
export class DeadLock {
  readonly #pulumi: PulumiCli;
  readonly #project: Project;
  readonly #stack: string;
  readonly #isFolder: boolean;
  readonly #onNote: (text: string) => void;
  /** Held from the lifting of a dead lock until what came after it has ended. */
  #guard: Lock | undefined;

  constructor(pulumi: PulumiCli, { project, stack, backend, onNote }: { project: Project; stack: string; backend: Pick<Backend, "url">; onNote: (text: string) => void }) {
    this.#pulumi = pulumi;
    this.#project = project;
    this.#stack = stack;
    this.#isFolder = backend.url.startsWith("file://");
    this.#onNote = onNote;
  }

  /**
   * Holders that ran here and are gone; undefined where there is none, one lives, or they were lifted before. Of a state in a
   * bucket nobody can know: another machine may have the name of this one.
   *
   * @param message What the CLI said.
   * @param past Whom it named the time before.
   */
  async holders(message: string, past: readonly Holder[]): Promise<Holder[] | undefined> {
    const holders = lockHolders(message);
    const lifted = past.length > 0 && this.#guard !== undefined;
    return lifted || !this.#isFolder || !(await areGone(holders)) ? undefined : holders;
  }

  /**
   * Two updates that start at once see each other's lock and both give way, so the first answer is to try again. A lock
   * that is still there is lifted, by one `berth` at a time: `cancel` removes all locks of a stack, also that of another
   * which had just lifted this one and begun.
   */
  async pass<T>(dead: readonly Holder[], past: readonly Holder[], again: () => Promise<T>): Promise<T> {
    if (!isDeepStrictEqual(dead, past)) {
      await delay(Math.random() * 500);
      return again();
    }
    this.#guard = Lock.take(this.#project.generated("stacks", `${this.#stack}.lifting`));
    try {
      await this.#pulumi.must(["cancel", "--yes"]);
      this.#onNote(`the lock of process ${dead.map(({ pid }) => pid).join(", ")}, which was killed, is lifted`);
      return await again();
    } finally {
      this.#guard.release();
      this.#guard = undefined;
    }
  }
}
