import { chmodSync, cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { parse, stringify } from "yaml";
import type { Resource } from "../../../pulumi/state.ts";

const root = join(import.meta.dirname, "../../..");
const recorded = join(import.meta.dirname, "recorded");
/** What the program consists of: all that a stack's resources come from. */
const program = ["entry.js", "index.ts", "Pulumi.yaml", "package.json", "components", "config", "pulumi"];
/** Stands in the recorded files for the project's folder, which is another one at each run. */
const placeholder = "/recorded-project";

/** This program in a folder of its own, with the stack file, applications and state of the recorded stack (see README.md). */
export class RecordedStack implements Disposable {
  readonly name = "earlier";
  readonly passphrase = "a passphrase for tests";
  readonly folder = mkdtempSync(join(tmpdir(), "berth-earlier-"));
  readonly stateFile = join(this.folder, "state.json");
  /** The Docker host of the stack: nothing listens there, unless a test does. */
  readonly socket = join(this.folder, "docker.sock");
  readonly resources: Resource[];

  /** The one that made it. */
  readonly engine: "embedded" | "pulumi";

  constructor(engine: "embedded" | "pulumi") {
    this.engine = engine;
    for (const part of program) cpSync(join(root, part), join(this.folder, part), { recursive: true });
    for (const part of ["apps", "images"]) cpSync(join(recorded, part), join(this.folder, part), { recursive: true });
    // The earlier version did not have it.
    cpSync(join(root, "images/snapshots"), join(this.folder, "images/snapshots"), { recursive: true });
    symlinkSync(join(root, "node_modules"), join(this.folder, "node_modules"));
    const here = (text: string) => text.replaceAll(placeholder, this.folder);
    const stackFile = `Pulumi.${this.name}.yaml`;
    writeFileSync(join(this.folder, stackFile), here(readFileSync(join(recorded, stackFile), "utf8")));
    const state = here(gunzipSync(readFileSync(join(recorded, `state.${engine}.json.gz`))).toString());
    writeFileSync(this.stateFile, state);
    this.resources = (JSON.parse(state) as { deployment: { resources: Resource[] } }).deployment.resources;
    // A part of an image's hash; a checkout has them as its umask says.
    for (const entry of readdirSync(this.folder, { recursive: true, withFileTypes: true })) {
      if (entry.isFile() && !entry.parentPath.includes("node_modules")) chmodSync(join(entry.parentPath, entry.name), entry.name.endsWith(".sh") ? 0o755 : 0o644);
    }
  }

  /** URNs of the volumes whose loss nothing makes good. */
  get dataVolumes(): string[] {
    return this.resources.filter(({ type, protect }) => type === "docker:index/volume:Volume" && protect === true).map(({ urn }) => urn);
  }

  /** Writes another stack file. */
  configure(change: (config: Record<string, unknown>) => void): void {
    const file = join(this.folder, `Pulumi.${this.name}.yaml`);
    const content = parse(readFileSync(file, "utf8")) as { config: Record<string, unknown> };
    change(content.config);
    writeFileSync(file, stringify(content));
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
