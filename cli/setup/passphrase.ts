import { randomBytes } from "node:crypto";
import { chmodSync, existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import type { Project } from "../project.ts";
import { SetupError } from "./error.ts";

export interface Passphrase {
  value: string;
  /** For people: where it comes from. */
  source: string;
  /** Variables that give the same passphrase to a plain `pulumi`; empty where the environment has them already. */
  variables: Record<string, string>;
}

/**
 * The passphrase that encrypts the secrets of the state: of the environment as Pulumi reads it, or else of
 * `.berth/passphrase`, which is generated once and readable by its owner only.
 *
 * @throws SetupError where state exists whose passphrase is gone: a new one could not read it.
 */
export function ensurePassphrase(project: Project, environment: NodeJS.ProcessEnv): Passphrase {
  const given = environment["PULUMI_CONFIG_PASSPHRASE"];
  if (given !== undefined) return { value: given, source: "PULUMI_CONFIG_PASSPHRASE", variables: {} };
  const named = environment["PULUMI_CONFIG_PASSPHRASE_FILE"];
  if (named !== undefined) {
    if (!existsSync(named)) throw new SetupError(`PULUMI_CONFIG_PASSPHRASE_FILE names ${named}, which does not exist: create it, or unset the variable`);
    return { value: readPassphrase(named), source: named, variables: {} };
  }
  const file = project.generated("passphrase");
  if (!existsSync(file)) {
    const state = ["state/.pulumi/stacks", "embedded"].find((path) => existsSync(project.generated(...path.split("/"))));
    if (state !== undefined) {
      throw new SetupError(
        `${file} is gone, but .berth/${state} holds state that only it can decrypt: put it back, or remove .berth/${state} to start anew`,
      );
    }
    writeFileSync(file, `${randomBytes(32).toString("base64url")}\n`, { mode: 0o600, flag: "wx" });
  }
  if ((statSync(file).mode & 0o077) !== 0) chmodSync(file, 0o600);
  return { value: readPassphrase(file), source: ".berth/passphrase", variables: { PULUMI_CONFIG_PASSPHRASE_FILE: file } };
}

/** The passphrase that {@link ensurePassphrase} gives; undefined where it would generate one. Changes nothing. */
export function givenPassphrase(project: Project, environment: NodeJS.ProcessEnv): string | undefined {
  const file = environment["PULUMI_CONFIG_PASSPHRASE_FILE"] ?? project.generated("passphrase");
  return environment["PULUMI_CONFIG_PASSPHRASE"] ?? (existsSync(file) ? readPassphrase(file) : undefined);
}

/** Pulumi itself strips the white space around a passphrase file's content. */
function readPassphrase(file: string): string {
  return readFileSync(file, "utf8").trim();
}
