import { visible } from "./escape.ts";
import type { Step } from "./tree.ts";

/** A value is shown up to so many characters. */
const longest = 200;

const signs = { create: "+", update: "!", replace: "!", delete: "-" } as const;

/** The engine's own diff, a line each: resources with the properties that differ, marked as GitHub colours a diff. */
export function rawDiff(steps: readonly Step[]): string[] {
  return steps.flatMap(({ op, type, name, detail }) => {
    const sign = signs[op];
    const order = op === "replace" ? (detail.deleteFirst === true ? ", the old one deleted first" : ", the new one made first") : "";
    const head = `${sign} ${op} ${type} ${name}${order}`;
    if (op === "create" || op === "delete") return [visible(head)];
    const keys = [...new Set(detail.diff.map((path) => path.split(/[.[]/)[0] ?? path))];
    const lines = keys.flatMap((key) => {
      const differs = deepDifferences(key, detail.before?.[key], detail.after?.[key]);
      return differs.length === 0 ? [`${key}: differs`] : differs;
    });
    return [head, ...lines.map((line) => `${sign}     ${line}`)].map(visible);
  });
}

function deepDifferences(path: string, before: unknown, after: unknown): string[] {
  if (JSON.stringify(before) === JSON.stringify(after)) return [];
  if (Array.isArray(before) && Array.isArray(after)) {
    return Array.from({ length: Math.max(before.length, after.length) }, (_, index) => index).flatMap((index) => deepDifferences(`${path}[${index}]`, before[index], after[index]));
  }
  if (isRecord(before) && isRecord(after)) {
    const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])];
    return keys.flatMap((key) => deepDifferences(`${path}.${key}`, before[key], after[key]));
  }
  return [`${path}: ${shown(before)} => ${shown(after)}`];
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function shown(value: unknown): string {
  const text = value === undefined ? "(none)" : JSON.stringify(value);
  return text.length > longest ? `${text.slice(0, longest)}… (${text.length} characters)` : text;
}
