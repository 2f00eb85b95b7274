import { configValue, type Release } from "../../components/release/release-record.ts";
import { shortRevision } from "../images/revision.ts";

/** What is other in one release than in another; no value of a secret. */
export interface Changes {
  images: { app: string; from?: string; to?: string; fromRevision?: string; toRevision?: string }[];
  /** By the path of the value, for example `berth:apps.root.env.RUST_LOG`. */
  config: { key: string; from?: unknown; to?: unknown }[];
  secrets: { key: string; how: "set" | "changed" | "removed" }[];
}

/** Everything that a release has, where there is none before it. */
export function changesBetween(before: Release | undefined, after: Release): Changes {
  const images = differing(before?.images ?? {}, after.images).map(([app, from, to]) => ({
    app,
    ...(from !== undefined && { from }),
    ...(to !== undefined && { to }),
    ...(before?.revisions[app] !== undefined && { fromRevision: before.revisions[app] }),
    ...(after.revisions[app] !== undefined && { toRevision: after.revisions[app] }),
  }));
  // What promote and rollback write beside an image says no more than the image.
  const told = new Set(images.flatMap(({ app }) => [`berth:apps.${app}.image`, `berth:apps.${app}.revision`]));
  const config = differing(leaves(before?.config ?? {}), leaves(after.config))
    .filter(([key]) => !told.has(key))
    .map(([key, from, to]) => ({ key, ...(from !== undefined && { from }), ...(to !== undefined && { to }) }));
  const secrets = differing(before?.secrets ?? {}, after.secrets).map(([key, from, to]) => ({ key, how: from === undefined ? ("set" as const) : to === undefined ? ("removed" as const) : ("changed" as const) }));
  return { images, config, secrets };
}

/** Lines for people: `image root 9f8e7d6c5b4a (0f3c1a2) → …`, `config … "1" → "2"`, `secret root:KEY changed`. */
export function changeLines({ images, config, secrets }: Changes): string[] {
  return [
    ...images.map(({ app, from, to, fromRevision, toRevision }) => `image   ${app}  ${arrow(built(from, fromRevision), built(to, toRevision))}`),
    ...config.map(({ key, from, to }) => `config  ${key}  ${arrow(shown(from), shown(to))}`),
    ...secrets.map(({ key, how }) => `secret  ${key}  ${how}`),
  ];
}

/** One line of a table: images with their revisions, names of configuration and of secrets. */
export function changesInShort({ images, config, secrets }: Changes): string {
  const parts = [
    ...images.map(({ app, to, toRevision }) => (to === undefined ? `${app} removed` : `${app} ${built(to, toRevision)}`)),
    ...named("config", config.map(({ key }) => key.replace(/^berth:(?:apps\.)?/, ""))),
    ...named("secret", secrets.map(({ key }) => key)),
  ];
  return parts.length === 0 ? "nothing" : parts.join(", ");
}

/** More names than these are only counted. */
const mostNames = 3;

function named(kind: string, names: readonly string[]): string[] {
  if (names.length === 0) return [];
  return [`${kind} ${names.slice(0, mostNames).join(" ")}${names.length > mostNames ? ` and ${names.length - mostNames} more` : ""}`];
}

function arrow(from: string | undefined, to: string | undefined): string {
  return `${from ?? "none"} → ${to ?? "none"}`;
}

function built(image: string | undefined, revision: string | undefined): string | undefined {
  if (image === undefined) return undefined;
  const digest = image.slice(image.lastIndexOf(":") + 1).slice(0, 12);
  return revision === undefined ? digest : `${digest} (${shortRevision(revision)})`;
}

function shown(value: unknown): string | undefined {
  if (value === undefined) return undefined;
  // Cut at its end, two digests look alike.
  const text = JSON.stringify(value).replaceAll(/(@sha256:[0-9a-f]{12})[0-9a-f]{52}/g, "$1");
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}

/** Keys with what they have in one and the other, where that is not the same. */
function differing<Value>(one: Record<string, Value>, other: Record<string, Value>): [key: string, from: Value | undefined, to: Value | undefined][] {
  const keys = [...new Set([...Object.keys(one), ...Object.keys(other)])].sort();
  return keys.filter((key) => one[key] !== other[key]).map((key) => [key, one[key], other[key]]);
}

/** Each value that is no object, by its path; an empty object, and a list as a whole, count as values. */
function leaves(config: Record<string, string>): Record<string, string | number | boolean | null> {
  const found: [string, string | number | boolean | null][] = [];
  const walk = (path: string, value: unknown): void => {
    if (typeof value === "object" && value !== null && !Array.isArray(value) && Object.keys(value).length > 0) {
      for (const [key, inner] of Object.entries(value)) walk(`${path}.${key}`, inner);
    } else found.push([path, typeof value === "object" ? JSON.stringify(value) : (value as string | number | boolean)]);
  };
  for (const [key, text] of Object.entries(config)) walk(key, configValue(text));
  return Object.fromEntries(found);
}
