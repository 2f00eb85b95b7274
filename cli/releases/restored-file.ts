import { isDeepStrictEqual } from "node:util";
import { type Document, isMap, isNode, parseDocument } from "yaml";
import { configValue, type Release } from "../../components/release/release-record.ts";
import type { Crypter } from "../../pulumi/secrets.ts";
import { OpsError } from "../exit.ts";
import { markHeld } from "../stack-file/held-images.ts";
import { isCommit } from "../images/revision.ts";
import { isEncrypted } from "../stack-file/stack-values.ts";

export interface RestoreOptions {
  /** Name of the project, whose keys may be written without it. */
  project: string;
  /** For the secrets of the stack file; `salt` is the file's own, where it has one. */
  crypter: (salt: string | undefined) => Promise<Crypter>;
  /** The secrets that run. They tell what must be written where the file's can't be read here. */
  running: Record<string, string>;
  /** The application that the release is of; the others and the platform stay as the file has them. @default all */
  app?: string | undefined;
}

export interface Restored {
  text: string;
  /** Paths of the values that are other now. */
  config: string[];
  secrets: string[];
  /** Secrets that the release had not; they stay, as the program of this checkout may ask for them. */
  kept: string[];
}

/**
 * A stack file's text with the configuration, the secrets and, by digest, the images of a release. Comments and what is
 * the same already stay as they are; a secret of the same value keeps its ciphertext.
 *
 * @throws OpsError where a secret must be written and the stack's are not encrypted with a passphrase.
 */
export async function restoredFile(text: string, release: Release, options: RestoreOptions): Promise<Restored> {
  const document = parseDocument(text);
  const config = keysOf(document, options.project);
  const changed: string[] = [];
  const { app } = options;
  const appsAt = ["config", config.get("berth:apps")?.written ?? "berth:apps"];
  for (const [key, value] of Object.entries(wantedConfig(release))) {
    if (app !== undefined && key === "berth:apps") merge(document, [...appsAt, app], (value as Record<string, unknown>)[app] ?? {}, changed);
    else merge(document, ["config", config.get(key)?.written ?? key], value, changed);
  }
  for (const held of heldBy(release)) {
    if (changed.includes(`${appsAt[1]}.${held}`) || changed.includes(`${appsAt[1]}.${held}.image`) || changed.includes(appsAt[1] ?? "")) markHeld(document, [...appsAt, held]);
  }
  for (const [key, { written, secret }] of config) {
    if (secret || key in release.config || !isOf(key, app)) continue;
    document.deleteIn(["config", written]);
    changed.push(key);
  }
  const secrets = await restoreSecrets(document, release, config, options);
  const kept = [...config].filter(([key, { secret }]) => secret && isOf(key, app) && !(key in release.secrets) && !(key in release.config)).map(([key]) => key);
  const same = changed.length === 0 && secrets.length === 0;
  return { text: same ? text : document.toString({ lineWidth: 0 }), config: changed, secrets, kept };
}

function isOf(key: string, app: string | undefined): boolean {
  return app === undefined || key.startsWith(`${app}:`);
}

/** A release's configuration with each application's image named by its digest, so that none is built. */
export function wantedConfig({ config, images, revisions }: Release): Record<string, unknown> {
  const values = Object.fromEntries(Object.entries(config).map(([key, text]) => [key, configValue(text)]));
  const apps = values["berth:apps"] as Record<string, Record<string, unknown> | null> | undefined;
  if (apps === undefined) return values;
  const entries = Object.entries(apps).map(([name, settings]) => {
    const image = images[name];
    // An application that runs from its source runs no image of the release.
    if (image === undefined || settings?.["live"] === true || settings?.["image"] !== undefined) return [name, settings];
    const revision = revisions[name];
    return [name, { ...settings, image, ...(revision !== undefined && isCommit(revision) && { revision }) }];
  });
  return { ...values, "berth:apps": Object.fromEntries(entries) as unknown };
}

/** Applications that the release itself built, and whose image is therefore written down beside their settings. */
function heldBy({ config, images }: Release): string[] {
  const apps = (configValue(config["berth:apps"] ?? "{}") as Record<string, Record<string, unknown> | null> | undefined) ?? {};
  return Object.entries(apps).flatMap(([name, settings]) => (images[name] === undefined || settings?.["live"] === true || settings?.["image"] !== undefined ? [] : [name]));
}

/** Full keys of a stack file, as they are written there. */
function keysOf(document: Document, project: string): Map<string, { written: string; secret: boolean; ciphertext?: string }> {
  const config = (document.toJS() as { config?: Record<string, unknown> } | null)?.config ?? {};
  return new Map(
    Object.entries(config).map(([written, value]) => {
      const ciphertext = isEncrypted(value) ? value.secure : undefined;
      return [written.includes(":") ? written : `${project}:${written}`, { written, secret: ciphertext !== undefined, ...(typeof ciphertext === "string" && { ciphertext }) }];
    }),
  );
}

/** Sets what differs, key by key, and takes away what is not wanted; notes each path in `changed`. */
function merge(document: Document, path: string[], wanted: unknown, changed: string[]): void {
  const node = document.getIn(path, true);
  const plain = isNode(node) ? (node.toJS(document) as unknown) : undefined;
  // Pulumi reads a number or a boolean as its text.
  if (isDeepStrictEqual(plain, wanted) || (typeof wanted === "string" && ["number", "boolean"].includes(typeof plain) && String(plain) === wanted)) return;
  if (isMap(node) && isPlainObject(wanted)) {
    for (const key of node.items.map((item) => String(item.key))) {
      if (key in wanted) continue;
      document.deleteIn([...path, key]);
      changed.push(nameOf([...path, key]));
    }
    for (const [key, value] of Object.entries(wanted)) merge(document, [...path, key], value, changed);
    return;
  }
  document.setIn(path, document.createNode(wanted));
  changed.push(nameOf(path));
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function nameOf([, ...path]: string[]): string {
  return path.join(".");
}

async function restoreSecrets(document: Document, { number, secrets }: Release, config: ReturnType<typeof keysOf>, { crypter: open, running }: RestoreOptions): Promise<string[]> {
  const entries = Object.entries(secrets);
  if (entries.length === 0) return [];
  const provider = document.get("secretsprovider");
  if (provider !== undefined && provider !== "passphrase") {
    const other = entries.filter(([key, value]) => config.get(key)?.ciphertext === undefined || running[key] !== value).map(([key]) => key);
    if (other.length === 0) return [];
    throw new OpsError(`nothing was changed: release ${number} has other secrets (${other.join(", ")}), and those of this stack are not encrypted with a passphrase, so only Pulumi can write them. Set each with pulumi config set --secret to what pulumi stack output releases --show-secrets says of release ${number}, and run this again`);
  }
  const crypter = await open(document.get("encryptionsalt") as string | undefined);
  const changed: string[] = [];
  for (const [key, value] of entries) {
    const { written = key, ciphertext } = config.get(key) ?? {};
    if (ciphertext !== undefined && crypter.decrypt(ciphertext) === value) continue;
    document.setIn(["config", written], document.createNode({ secure: crypter.encrypt(value) }));
    changed.push(key);
  }
  if (changed.length > 0) document.set("encryptionsalt", crypter.salt);
  return changed;
}
