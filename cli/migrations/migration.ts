import { basename } from "node:path";
import { judgeDjango } from "./django.ts";
import type { Effect, Mark } from "./effect.ts";
import { judgeSql } from "./sql.ts";

export interface Verdict {
  ok: boolean;
  /** Why not; where it is marked otherwise, what was judged. */
  reasons: { line: number; text: string }[];
  /** The author's reason, where a comment in the file decides. */
  mark?: string;
}

export interface Migration {
  /** Name of the file. */
  name: string;
  /** From the checkout's top, for example `apps/root/migrations/0003_teams.sql`. */
  path: string;
  kind: "sql" | "django";
  text: string;
  /** Whether the version from before, which does not know of it, goes on working when it has run. */
  compatible: Verdict;
  /** Whether one can go back behind it: it only adds, or says how it is undone, and no data is gone. */
  undoable: Verdict;
}

/** @param down Text of the file that undoes it, where there is one: `0003_teams.down.sql` beside it. */
export async function judged(path: string, text: string, down?: string): Promise<Migration> {
  const kind = path.endsWith(".py") ? "django" : "sql";
  const { effects, mark } = kind === "django" ? await judgeDjango(text) : await judgeSql(text);
  const undone = down !== undefined && (await judgeSql(down)).effects.length > 0;
  return { name: basename(path), path, kind, text, compatible: compatibleBy(effects, mark), undoable: undoableBy(effects, mark, undone) };
}

function compatibleBy(effects: Effect[], mark: Mark): Verdict {
  const reasons = effects.filter(({ harm }) => harm !== "none").map(({ line, what, harm }) => ({ line, text: harm === "unknown" ? `not known: ${what}` : what }));
  for (const { line, text } of mark.wrong) {
    reasons.push({ line, text: `"berth: ${text}" is no mark: write "berth: backward-compatible because …" or "berth: irreversible because …", with the reason` });
  }
  if (mark.compatible !== undefined) return { ok: true, reasons, mark: mark.compatible };
  return { ok: reasons.length === 0, reasons };
}

function undoableBy(effects: Effect[], mark: Mark, undone: boolean): Verdict {
  const left = effects.filter(({ harm, loses, reversible }) => loses || (harm !== "none" && !reversible && !undone && mark.compatible === undefined));
  const reasons = left.map(({ line, what, loses }) => ({ line, text: loses ? `${what}; the data in it does not come back` : `${what}, and nothing undoes it` }));
  if (mark.irreversible !== undefined) return { ok: false, reasons, mark: mark.irreversible };
  return { ok: reasons.length === 0, reasons };
}
