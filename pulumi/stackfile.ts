import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { Crypter } from "./secrets.ts";

/** The parts of Pulumi.yaml that the engine uses. `main` is relative to the project's folder. */
export interface Project {
  name: string;
  main: string;
}

/** A stack's configuration, decrypted. Values are strings; objects and lists are JSON, as the SDK expects them. */
export interface StackConfig {
  values: Record<string, string>;
  secretKeys: string[];
  crypter: Crypter;
}

/** Pulumi.<stack>.yaml as it stands: its secrets are encrypted. */
export interface StackFile {
  encryptionsalt?: string;
  secretsprovider?: string;
  environment?: unknown;
  config?: Record<string, unknown> | null;
}

/** Reads Pulumi.yaml. Throws when the name is missing or the runtime is not nodejs. */
export function readProject(projectDir: string): Project {
  const path = join(projectDir, "Pulumi.yaml");
  if (!existsSync(path)) {
    throw new Error(`${path}: not found; the project folder must hold a Pulumi.yaml`);
  }
  const file = parse(readFileSync(path, "utf8")) as { name?: unknown; main?: unknown; runtime?: unknown };
  const runtime = typeof file.runtime === "object" && file.runtime !== null ? (file.runtime as { name?: unknown }).name : file.runtime;
  if (typeof file.name !== "string" || runtime !== "nodejs") {
    throw new Error(`${path}: needs "name" and "runtime: nodejs"; the embedded engine runs no other runtime`);
  }
  return { name: file.name, main: typeof file.main === "string" ? file.main : "index.ts" };
}

/**
 * Reads Pulumi.<stack>.yaml and decrypts its secrets. A file without `encryptionsalt` gets one,
 * as the CLI does on a stack's first use. `write: false` (previews) leaves the file alone. The file is read at once, so
 * that the key is being derived while the caller loads other things.
 */
export async function readStack(path: string, project: string, passphrase: string, write: boolean): Promise<StackConfig> {
  const text = existsSync(path) ? readFileSync(path, "utf8") : "";
  const file = parseStackFile(path, text);
  if (file.secretsprovider !== undefined && file.secretsprovider !== "passphrase") {
    throw new Error(`${path}: secretsprovider "${file.secretsprovider}" is not supported; the embedded engine knows passphrase only`);
  }
  const salt = file.encryptionsalt;
  const crypter = salt === undefined ? await Crypter.create(passphrase) : await Crypter.open(passphrase, salt);
  if (salt === undefined && write) {
    appendFileSync(path, `${text === "" || text.endsWith("\n") ? "" : "\n"}encryptionsalt: ${crypter.salt}\n`);
  }
  const values: Record<string, string> = {};
  const secretKeys: string[] = [];
  for (const [key, raw] of Object.entries(file.config ?? {})) {
    const name = key.includes(":") ? key : `${project}:${key}`;
    const opened = open(raw, crypter);
    values[name] = typeof opened.value === "string" ? opened.value : JSON.stringify(opened.value);
    if (opened.secret) {
      secretKeys.push(name);
    }
  }
  return { values, secretKeys, crypter };
}

/** @throws Error naming the file, the line and the fix: YAML refuses tabs, and a key that is given twice, for example an application */
export function parseStackFile(path: string, text: string): StackFile {
  try {
    return (parse(text) ?? {}) as StackFile;
  } catch (error) {
    const what = error instanceof Error ? error.message.trimEnd() : String(error);
    throw new Error(`${path} can't be read: ${what}\nWrite each key once, and every value where YAML expects it.`, { cause: error });
  }
}

/** Decrypts every `secure:` inside a configuration value. Keys are in the order of their names, as the CLI hands them over: some files list what a stack has in that order. */
function open(raw: unknown, crypter: Crypter): { value: unknown; secret: boolean } {
  if (Array.isArray(raw)) {
    const items = raw.map((item) => open(item, crypter));
    return { value: items.map((item) => item.value), secret: items.some((item) => item.secret) };
  }
  if (typeof raw !== "object" || raw === null) {
    return { value: raw ?? "", secret: false };
  }
  const entries = Object.entries(raw);
  const [first] = entries;
  if (entries.length === 1 && first !== undefined && first[0] === "secure" && typeof first[1] === "string") {
    return { value: crypter.decrypt(first[1]), secret: true };
  }
  const opened = entries.toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([key, item]) => [key, open(item, crypter)] as const);
  return {
    value: Object.fromEntries(opened.map(([key, item]) => [key, item.value])),
    secret: opened.some(([, item]) => item.secret),
  };
}
