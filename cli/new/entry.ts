import { isDeepStrictEqual } from "node:util";
import { isMap, isScalar, parse, parseDocument, stringify } from "yaml";

/** The Pulumi CLI reads YAML 1.1 too, in which `2026-01-01` and `1_000` are no text unless they are in quotes. */
const readers = { compat: "yaml-1.1" } as const;

/**
 * A stack file's text with one more application under `berth:apps`. All other lines stay as they are; only where
 * `berth:apps` is missing, empty, or written in braces, the file is written anew with its comments kept.
 */
export function withEntry(text: string, name: string, entry: Record<string, unknown>): string {
  const document = parseDocument(text, readers);
  const apps = document.getIn(["config", "berth:apps"], true);
  const first = isMap(apps) && apps.flow !== true ? apps.items[0]?.key : undefined;
  const end = isMap(apps) ? apps.range?.[1] : undefined;
  const start = isScalar(first) ? first.range?.[0] : undefined;
  if (isMap(apps) && apps.items.length === 0) apps.flow = false;
  document.setIn(["config", "berth:apps", name], document.createNode(entry));
  const rewritten = document.toString({ lineWidth: 0 });
  if (start === undefined || end === undefined) return rewritten;
  const indent = " ".repeat(start - (text.lastIndexOf("\n", start - 1) + 1));
  const before = text.slice(0, end);
  const lines = entryLines(name, entry).map((line) => `${indent}${line}\n`);
  const added = `${before}${before.endsWith("\n") ? "" : "\n"}${lines.join("")}${text.slice(end)}`;
  return isDeepStrictEqual(valueOf(added), valueOf(rewritten)) ? added : rewritten;
}

/** The entry as it stands below `berth:apps`. */
export function entryLines(name: string, entry: Record<string, unknown>): string[] {
  return stringify({ [name]: entry }, { ...readers, lineWidth: 0 }).trimEnd().split("\n");
}

/** Undefined where the text is no YAML. */
function valueOf(text: string): unknown {
  try {
    return parse(text);
  } catch {
    return undefined;
  }
}
