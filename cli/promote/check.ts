import { usageError } from "../exit.ts";

/** What must hold before something is promoted; the names that `--force` takes. */
export const checks = ["healthy", "source", "drift", "migrations"] as const;
export type Check = (typeof checks)[number];

/** A check that does not hold. */
export interface Refusal {
  check: Check;
  /** One finding each. */
  because: string[];
  /** How to go on without force. */
  remedy: string;
}

/** The checks that `--force` names. @throws OpsError (2) for another name. */
export function forcedChecks(text: string | undefined): Set<Check> {
  const names = text === undefined ? [] : text.split(",").map((name) => name.trim());
  const wrong = names.find((name) => !(checks as readonly string[]).includes(name));
  if (wrong !== undefined) throw usageError(`--force has "${wrong}", but takes one or more of ${checks.join(", ")}, with commas between`);
  return new Set(names as Check[]);
}

const units: Record<string, number> = { s: 1, m: 60, h: 3600, d: 86_400 };

/** Seconds of a time such as `90s`, `10m` or `1h`. @throws OpsError (2) for another text. */
export function secondsOf(text: string): number {
  const [, count, unit = ""] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  if (count === undefined) throw usageError(`--healthy-for is "${text}", but must be a whole number with s, m, h or d, for example 10m`);
  return Number(count) * (units[unit] ?? 1);
}

/** A time as {@link secondsOf} takes it, in the largest unit that it is whole in: 600 is `10m`. */
export function timeOf(seconds: number): string {
  const [unit, size] = Object.entries(units).findLast(([, length]) => seconds >= length && seconds % length === 0) ?? ["s", 1];
  return `${seconds / size}${unit}`;
}

/** The refusals as they are told, each with how to go on and the name that overrides it. */
export function refusalText(from: string, to: string, refusals: readonly Refusal[]): string {
  const blocks = refusals.map(({ check, because, remedy }) => [`${check}:`, ...because.map((finding) => `  - ${finding}`), `  To go on: ${remedy}`, `  Or override it, on record: --force ${check}`].join("\n"));
  return [`${from} is not promoted to ${to}: nothing was copied, committed or pushed.`, ...blocks].join("\n");
}
