import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { ownImages } from "../config/settings/images.ts";
import { setting, type Settings } from "../config/settings.ts";
import { parseStackFile, type StackFile } from "../pulumi/stackfile.ts";
import type { Bucket } from "./backup/bucket.ts";
import { messageOf, OpsError, usageError } from "./exit.ts";
import { closest } from "./arguments.ts";

export type EarlySettings = Pick<Settings, "environment" | "publish" | "registry" | "docker" | "monitoring" | "logs" | "developer">;

/** The folders and files of one checkout. */
export class Project {
  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  /** A path inside `.berth/`, where everything generated lives; its folder is created. */
  generated(...path: string[]): string {
    const full = join(this.folder, ".berth", ...path);
    mkdirSync(join(full, ".."), { recursive: true });
    return full;
  }

  stackFile(stack: string): string {
    return join(this.folder, `Pulumi.${stack}.yaml`);
  }

  /** The stack file as it stands, its secrets encrypted. @throws OpsError where it is no YAML, naming the line and the fix */
  readStack(stack: string, path = this.stackFile(stack)): StackFile {
    const text = readFileSync(path, "utf8");
    try {
      return parseStackFile(path, text);
    } catch (error) {
      throw new OpsError(`stack "${stack}": ${messageOf(error)} Nothing was changed.`);
    }
  }

  stacks(): string[] {
    return readdirSync(this.folder).flatMap((name) => /^Pulumi\.(.+)\.yaml$/.exec(name)?.[1] ?? []);
  }

  /**
   * @param setBy What names the stack where the user did not type it, for example `BERTH_STACK`.
   * @throws OpsError (2) where the stack has no file, naming those that have; OpsError where it is no YAML.
   */
  requireStack(stack: string, setBy?: string): void {
    if (existsSync(this.stackFile(stack))) return void this.readStack(stack);
    const near = closest(stack, this.stacks());
    const hint = near === undefined ? `this project has ${this.stacks().join(", ") || "none"}` : `did you mean ${near}?`;
    throw usageError(`stack "${stack}"${setBy === undefined ? "" : `, which ${setBy} names,`} has no file Pulumi.${stack}.yaml: ${hint}${setBy === undefined ? "" : `; -s wins over ${setBy}`}`);
  }

  name(): string {
    const project = parse(readFileSync(join(this.folder, "Pulumi.yaml"), "utf8")) as { name?: string } | null;
    if (project?.name === undefined) throw new OpsError(`${join(this.folder, "Pulumi.yaml")} has no name`);
    return project.name;
  }

  /** The applications in the stack file, each with its folder below apps/. */
  applications(stack: string): Record<string, string> {
    const { config } = this.readStack(stack);
    const apps = (config?.["berth:apps"] ?? {}) as Record<string, { folder?: unknown } | null>;
    return Object.fromEntries(Object.entries(apps).map(([name, app]) => [name, typeof app?.folder === "string" ? app.folder : name]));
  }

  /** The bucket that Postgres is backed up to; undefined where it is not, or not to a bucket. */
  bucket(stack: string): Bucket | undefined {
    const { config } = this.readStack(stack);
    const target = setting("postgres", config?.["berth:postgres"]).backup?.target;
    return typeof target === "object" ? target.s3 : undefined;
  }

  /** Folders whose images this machine builds for a stack: those that the stack file does not name by digest. */
  builtFolders(stack: string): string[] {
    const { config } = this.readStack(stack);
    const own = (config?.["berth:images"] ?? {}) as Record<string, unknown>;
    const apps = (config?.["berth:apps"] ?? {}) as Record<string, { image?: unknown } | null>;
    const folders = Object.entries(this.applications(stack)).flatMap(([name, folder]) => (apps[name]?.image === undefined ? [join("apps", folder)] : []));
    return [...folders, ...Object.entries(ownImages).flatMap(([name, folder]) => (own[name] === undefined ? [folder] : []))].map((folder) => join(this.folder, folder));
  }

  /**
   * What of the stack file matters before the program runs: where it publishes, whether it is production, which engine it talks to, and which
   * parts it has.
   * Fields that the schema refuses are left at their defaults here: the program names them all in its own message.
   */
  settings(stack: string): EarlySettings {
    const { config } = this.readStack(stack);
    const read = <Name extends keyof EarlySettings>(name: Name) => setting(name, config?.[`berth:${name}`]);
    return { environment: read("environment"), publish: read("publish"), registry: read("registry"), docker: read("docker"), monitoring: read("monitoring"), logs: read("logs"), developer: read("developer") };
  }

  /** Whether a stack is production: what removes or replaces something then asks first. */
  isProduction(stack: string): boolean {
    return this.settings(stack).environment !== "dev";
  }
}
