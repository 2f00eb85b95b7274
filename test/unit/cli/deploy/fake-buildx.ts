import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";

/** A `docker` before the machine's own on PATH, that writes down what it is asked and answers with a build's output. */
export class FakeBuildx implements Disposable {
  private readonly folder = mkdtempSync(join(tmpdir(), "berth-buildx-"));
  private readonly path = process.env["PATH"];
  private readonly calls = join(this.folder, "calls");

  /** @param output What it prints on standard error. @param code What it ends with. @param before Shell that it runs first. */
  constructor(output: string, code: number, before = "") {
    writeFileSync(join(this.folder, "output"), output);
    writeFileSync(join(this.folder, "docker"), `#!/bin/sh\necho "$@" >> ${this.calls}\n${before}\ncat ${this.folder}/output >&2\nexit ${code}\n`);
    chmodSync(join(this.folder, "docker"), 0o755);
    process.env["PATH"] = `${this.folder}${delimiter}${this.path}`;
  }

  /** Its command lines, in order. */
  get asked(): string[] {
    return existsSync(this.calls) ? readFileSync(this.calls, "utf8").trim().split("\n") : [];
  }

  [Symbol.dispose](): void {
    process.env["PATH"] = this.path;
    rmSync(this.folder, { recursive: true });
  }
}
