import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { releaseOrigin } from "../../config/release-origin.ts";
import type { FailedUpdate } from "../deploy/deployer.ts";
import type { Project } from "../project.ts";
import { covers } from "./covers.ts";

/** Updates that are remembered. */
const kept = 100;

/** What the embedded engine remembers of updates that failed, beside its state. The Pulumi CLI has a history of its own. */
export class FailureHistory {
  readonly #file: string;
  readonly #folder: string;

  constructor(project: Project, stack: string) {
    this.#file = project.generated("embedded", `${stack}.history.json`);
    this.#folder = project.folder;
  }

  /** Newest first. */
  read(): FailedUpdate[] {
    return existsSync(this.#file) ? (JSON.parse(readFileSync(this.#file, "utf8")) as FailedUpdate[]) : [];
  }

  /**
   * Runs an update, and remembers it where it fails; where it ends well, that nothing is left of those before.
   *
   * @param apps The applications that it is of; undefined is all.
   */
  async watching<Result>(apps: readonly string[] | undefined, update: () => Promise<Result>): Promise<Result> {
    const start = new Date().toISOString();
    try {
      const result = await update();
      const failed = this.read();
      const isEnded = (past: FailedUpdate) => past.followed !== true && covers(apps, past.apps);
      if (failed.some(isEnded)) this.#write(failed.map((past) => (isEnded(past) ? { ...past, followed: true } : past)));
      return result;
    } catch (error) {
      const { by, from } = releaseOrigin(this.#folder, process.env);
      const failed: FailedUpdate = { start, end: new Date().toISOString(), by, ...from, ...(apps !== undefined && { apps: [...apps] }) };
      this.#write([failed, ...this.read()].slice(0, kept));
      throw error;
    }
  }

  #write(updates: readonly FailedUpdate[]): void {
    writeFileSync(`${this.#file}.new`, `${JSON.stringify(updates)}\n`, { mode: 0o600 });
    renameSync(`${this.#file}.new`, this.#file);
  }
}
