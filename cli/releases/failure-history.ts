import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { releaseOrigin } from "../../config/release-origin.ts";
import type { FailedUpdate } from "../deploy/deployer.ts";
import type { Project } from "../project.ts";

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

  /** Runs an update, and remembers it where it fails; where it ends well, that nothing is left of those before. */
  async watching<Result>(update: () => Promise<Result>): Promise<Result> {
    const start = new Date().toISOString();
    try {
      const result = await update();
      const failed = this.read();
      if (failed[0] !== undefined && failed[0].followed !== true) this.#write([{ ...failed[0], followed: true }, ...failed.slice(1)]);
      return result;
    } catch (error) {
      const { by, from } = releaseOrigin(this.#folder, process.env);
      const failed: FailedUpdate = { start, end: new Date().toISOString(), by, ...from };
      this.#write([failed, ...this.read()].slice(0, kept));
      throw error;
    }
  }

  #write(updates: readonly FailedUpdate[]): void {
    writeFileSync(`${this.#file}.new`, `${JSON.stringify(updates)}\n`, { mode: 0o600 });
    renameSync(`${this.#file}.new`, this.#file);
  }
}
