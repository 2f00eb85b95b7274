import { messageOf } from "../exit.ts";
import { commitOf, shortRevision } from "../images/revision.ts";
import { type Between, isMigration, migrationsBetween } from "../migrations/between.ts";
import type { Refusal } from "./check.ts";
import type { Checkout } from "./checkout.ts";
import type { Promoted } from "./plan.ts";

/** What lies between what runs there and what is promoted, of one application. */
export interface History {
  name: string;
  /** Short commit and subject, newest first. */
  commits: string[];
  /** Undefined where they can't be compared; then {@link unknown} says why. */
  migrations: Between | undefined;
  unknown?: string;
}

/** Most commits that are listed of one application. */
const most = 50;

/**
 * @param running Whether the application runs in the stack that is promoted to.
 * @param absent Why that is not known; undefined where it is.
 */
export async function historyOf(checkout: Checkout, { name, folder, revision, remote, before }: Promoted, running: boolean, absent?: string): Promise<History> {
  const unknown = (why: string): History => ({ name, commits: [], migrations: undefined, unknown: why });
  const path = `apps/${folder}`;
  if (remote) return unknown("it is built from another repository, whose migrations are not read");
  if (revision === undefined) return unknown("its image does not say which commit it was built from");
  const to = commitOf(revision);
  // Nothing that runs can be broken by what a first release brings.
  if (before === undefined || (!running && absent === undefined)) return { name, commits: [], migrations: { added: [], altered: [] } };
  const files = await checkout.ask("ls-tree", "-r", "--name-only", to, "--", path);
  const hasNone = files !== undefined && !files.split("\n").some(isMigration);
  if (absent !== undefined) return hasNone ? { name, commits: [], migrations: { added: [], altered: [] } } : unknown(absent);
  const from = before.revision === undefined ? undefined : commitOf(before.revision);
  if (from === undefined && hasNone) return { name, commits: [], migrations: { added: [], altered: [] } };
  if (from === undefined) return unknown("what runs there does not say which commit it was built from");
  try {
    const migrations = await migrationsBetween({ checkout: checkout.folder, folder: path, from, to });
    const commits = (await checkout.git("log", `--max-count=${most}`, "--format=%h %s", `${from}..${to}`, "--", path)).split("\n").filter(Boolean);
    return { name, commits, migrations };
  } catch (error) {
    return unknown(messageOf(error));
  }
}

/** Refuses a migration with which the version that runs meanwhile may not work, or of which that is not known. Pure. */
export function migrationsRefusal(histories: readonly History[], to: string): Refusal | undefined {
  const findings = histories.flatMap(({ name, migrations, unknown }) => {
    if (migrations === undefined) return [`${name}: ${unknown ?? "not known"}`];
    const added = migrations.added.flatMap(({ path, compatible }) => (compatible.ok ? [] : compatible.reasons.map(({ line, text }) => `${path}:${line}: ${text}`)));
    return [...added, ...migrations.altered.map(({ path, how }) => `${path} was released, and is ${how} now; a released migration never is`)];
  });
  if (findings.length === 0) return undefined;
  return {
    check: "migrations",
    because: findings,
    remedy: `split it, so that what runs in ${to} works before and after each release (docs/promotion.md#migrations), or write into the file why it does: -- berth: backward-compatible because …`,
  };
}

/** `0f3c1a2 → 1a2b3c4`. */
export function revisionsText({ before, revision }: Pick<Promoted, "before" | "revision">): string {
  const to = revision === undefined ? "?" : shortRevision(commitOf(revision));
  return before?.revision === undefined ? to : `${shortRevision(commitOf(before.revision))} → ${to}`;
}
