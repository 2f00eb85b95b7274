import { isMap, isScalar, parseDocument, type YAMLMap } from "yaml";
import { setting, type Settings } from "../../config/settings.ts";
import { type OwnImage, ownImages } from "../../config/settings/images.ts";
import { unmark } from "../stack-file/held-images.ts";
import { codeLiteral } from "../preview/escape.ts";
import { isEncrypted } from "../stack-file/stack-values.ts";

/** What an application of a stack file is given. */
export interface Pin {
  image: string;
  revision: string | undefined;
  /** Written for an application that the file does not have yet, where it is not its name. */
  folder: string;
  /** Settings that the other stack gives it and this one does not, as {@link lackingIn} writes them. @default none */
  lacking?: readonly string[];
}

/** A comment that a promotion left at an application. */
const left = /^ not set here; \S+ has /;

/**
 * A stack file's text in which applications, and parts that use images of Berth's own, run images by digest; comments
 * and order stay, and no other value changes.
 *
 * @param own `repository@sha256:…` of images of Berth's own.
 * @example
 * withPins(text, { root: { image: "ghcr.io/acme/root@sha256:…", revision: "0f3c…", folder: "root" } });
 */
export function withPins(text: string, pins: Record<string, Pin>, own: Partial<Record<OwnImage, string>> = {}): string {
  const document = parseDocument(text);
  const groups = [["config", "berth:apps"], ...(Object.keys(own).length > 0 ? [["config", "berth:images"]] : [])];
  for (const path of [["config"], ...groups]) {
    if (!isMap(document.getIn(path, true))) document.setIn(path, document.createNode({}));
    (document.getIn(path, true) as YAMLMap).flow = false;
  }
  for (const [name, { image, revision, folder, lacking = [] }] of Object.entries(pins)) {
    const path = ["config", "berth:apps", name];
    const present = document.getIn(path, true);
    const known = document.hasIn(path);
    if (!isMap(present)) document.setIn(path, document.createNode(known || folder === name ? {} : { folder }));
    const app = document.getIn(path, true) as YAMLMap;
    // A digest on a line of many fields can't be reviewed.
    app.flow = false;
    // `name: null # why` keeps its comment.
    if (isScalar(present) && present.comment) app.commentBefore = present.comment;
    const isSame = app.get("image") === image && app.get("revision") === revision;
    for (const key of ["image", "revision"]) unmark(app.get(key, true));
    app.set("image", image);
    if (revision === undefined) app.delete("revision");
    else app.set("revision", revision);
    // For whoever reviews the promotion, who may have deleted them since.
    if (isSame) continue;
    const comments = [...(app.comment ?? "").split("\n").filter((line) => line !== "" && !left.test(line)), ...lacking.map((line) => ` ${line}`)];
    app.comment = comments.length === 0 ? null : comments.join("\n");
  }
  for (const [key, image] of Object.entries(own)) document.setIn(["config", "berth:images", key], image);
  return document.toString({ lineWidth: 0 });
}

export interface StackValues {
  apps: Record<string, { image?: string; revision?: string; folder?: string; live?: boolean; [key: string]: unknown }>;
  /** Those of Berth's own that are named by digest. */
  own: Partial<Record<OwnImage, string>>;
  /** Whether Postgres is backed up, which takes both of them. */
  hasBackups: boolean;
  registry: Settings["registry"];
  /** Configuration by full key, secrets as they are in the file. */
  config: Record<string, unknown>;
  /** Of the passphrase that encrypts its secrets. */
  salt: string | undefined;
}

/** What of a stack file a promotion looks at. */
export function valuesOf(text: string): StackValues {
  const file = parseDocument(text).toJS() as { config?: Record<string, unknown>; encryptionsalt?: string } | null;
  const config = file?.config ?? {};
  const apps = Object.entries((config["berth:apps"] ?? {}) as Record<string, StackValues["apps"][string] | null>).map(([name, app]) => [name, app ?? {}] as const);
  const images = (config["berth:images"] ?? {}) as Record<string, string | undefined>;
  const own = Object.fromEntries(Object.keys(ownImages).flatMap((key) => (images[key] === undefined ? [] : [[key, images[key]]])));
  const { backup } = (config["berth:postgres"] ?? {}) as { backup?: unknown };
  const hasBackups = backup !== undefined && backup !== null;
  return { apps: Object.fromEntries(apps), own, hasBackups, registry: setting("registry", config["berth:registry"]), config, salt: file?.encryptionsalt };
}

/**
 * Keys that one stack file has and another lacks, as they are written, for example `berth:apps.root.env.RUST_LOG`. Their
 * values differ by stack, so they are named and not copied. Lists count as one value.
 */
export function missingKeys(from: Record<string, unknown>, to: Record<string, unknown>): string[] {
  const missing = (one: unknown, other: unknown, path: string): string[] => {
    if (!isGroup(one)) return other === undefined ? [path] : [];
    // Of an application that is new there each setting is named, as it is added without; of images each one.
    if (other === undefined && !/^(berth:images|berth:apps(\.[^.]+)?)?$/.test(path)) return [path];
    const otherGroup = isGroup(other) ? other : {};
    return Object.entries(one).flatMap(([key, value]) => missing(value, otherGroup[key] ?? undefined, path === "" ? key : `${path}.${key}`));
  };
  return missing(from, to, "").filter((path) => !own.test(path));
}

/**
 * What a stack file lacks of one application, with the values that the other stack has: comments for the file that lacks
 * them, `not set here; dev has env.GREETING: "hi"`. They have no effect, as values differ by stack.
 */
export function lackingIn(to: StackValues, from: string, { config, apps }: StackValues): (name: string) => string[] {
  const missing = missingKeys(config, to.config);
  return (name) => {
    const start = `berth:apps.${name}.`;
    return missing.filter((path) => path.startsWith(start)).map((path) => {
      const key = path.slice(start.length);
      const value = key.split(".").reduce<unknown>((group, part) => (group as Record<string, unknown>)[part], apps[name]);
      return `not set here; ${from} has ${key}: ${isEncrypted(value) ? "a secret" : codeLiteral(value)}`;
    });
  };
}

/** What promotion writes itself, what only a stack for development may have, and a registry, of which there are two kinds. */
const own = /^berth:(apps\.[^.]+(\.(image|revision|folder|live))?|images\.(tools|postgresBackup|snapshots)|environment|builds|developer(\..*)?|registry\..*)$/;

/** An object of fields; a secret is a value. */
function isGroup(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !isEncrypted(value);
}
