import { types } from "../../pulumi/resource-types.ts";
import { environmentOf } from "./containers.ts";
import type { Step } from "./tree.ts";

/** One key before and after; undefined where it is not there. */
export interface KeyChange {
  key: string;
  before?: string;
  after?: string;
}

/** Files and secrets of one volume that is made anew because of them. Values of secrets are not known here. */
export interface FilesChange {
  /** The resource, for example `hello-secrets`. */
  name: string;
  added: string[];
  removed: string[];
  /** Files whose content differs. */
  changed: string[];
  /** Secrets of which at least one has another value; the engines do not say which. */
  secrets: string[];
  /** The engine tells of the whole only that it is secret, and not even which files there are. */
  hidden: boolean;
}

/** Variables that differ between a container and its replacement; those of several containers once. */
export function environmentChanges(steps: readonly Step[]): KeyChange[] {
  const found = new Map<string, KeyChange>();
  for (const { type, detail } of steps) {
    if (type !== types.container || detail.before === undefined || detail.after === undefined) continue;
    if (!Array.isArray(detail.before["envs"] ?? []) || !Array.isArray(detail.after["envs"] ?? [])) continue;
    for (const change of differences(environmentOf(detail.before), environmentOf(detail.after))) found.set(change.key, change);
  }
  return [...found.values()].toSorted((a, b) => a.key.localeCompare(b.key));
}

/** The keys of two flat records that differ. */
export function differences(before: Record<string, string>, after: Record<string, string>): KeyChange[] {
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])].toSorted();
  return keys.flatMap((key) => {
    const [old, now] = [before[key], after[key]];
    return old === now ? [] : [{ key, ...(old !== undefined && { before: old }), ...(now !== undefined && { after: now }) }];
  });
}

/** Files that are written anew, from the random suffix that their content is a keeper of. */
export function filesChanges(steps: readonly Step[]): FilesChange[] {
  return steps.flatMap(({ type, op, name, detail }) => {
    if (type !== types.suffix || op !== "replace") return [];
    const [before, after] = [recordOf(detail.before?.["keepers"]), recordOf(detail.after?.["keepers"])];
    const both = Object.keys(before).filter((key) => key in after);
    const change = {
      name: name.replace(/-version$/, ""),
      added: Object.keys(after).filter((key) => !(key in before)),
      removed: Object.keys(before).filter((key) => !(key in after)),
      changed: both.filter((key) => before[key] !== after[key] && after[key] !== "[unknown]"),
    };
    const explained = change.added.length + change.removed.length + change.changed.length > 0;
    return [{ ...change, secrets: explained ? [] : both.filter((key) => after[key] === "[secret]"), hidden: detail.after?.["keepers"] === "[secret]" }];
  });
}

function recordOf(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}
