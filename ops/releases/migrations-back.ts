import type { Release } from "../../components/release-record.ts";
import { messageOf } from "../exit.ts";
import { hasMigrations, migrationsBetween } from "../migrations/between.ts";
import { commitOf } from "../revision.ts";

/** Migrations that stay in the database when one goes back, as text, and whether the older version works with them. */
export interface MigrationsBack {
  stay: string[];
  /** Why going back is refused; empty where it is not. */
  refused: string[];
}

/** What `berth rollback` asks; the real one is {@link migrationsBetween}. */
export type Between = typeof migrationsBetween;

/**
 * The migrations that ran with the newer of two releases, application by application. A rollback does not undo them, so
 * each must leave the older version working: those that don't, and what can't be compared, are refused.
 *
 * @param folders Folder of each application below `apps/`.
 */
export async function migrationsBack(checkout: string, folders: Record<string, string>, from: Release, to: Release, between: Between = migrationsBetween): Promise<MigrationsBack> {
  const found: MigrationsBack = { stay: [], refused: [] };
  for (const [app, image] of Object.entries(to.images)) {
    const folder = folders[app];
    if (folder === undefined || from.images[app] === undefined || from.images[app] === image) continue;
    const path = `apps/${folder}`;
    const [newer, older] = [from.revisions[app], to.revisions[app]];
    if (newer === undefined || older === undefined) {
      if (hasMigrations(checkout, path)) found.refused.push(`${app}: the images say no commit, so it is not known which migrations lie between`);
      continue;
    }
    try {
      const { added } = await between({ checkout, folder: path, from: commitOf(older), to: commitOf(newer) });
      for (const { name, compatible, undoable } of added) {
        const reasons = (verdict: typeof compatible) => verdict.mark ?? verdict.reasons.map(({ line, text }) => `line ${line} ${text}`).join("; ");
        const undone = undoable.ok ? "it can be undone" : `it can't be undone: ${reasons(undoable)}`;
        if (compatible.ok) found.stay.push(`${app}  ${name} stays applied, and the older version works with it; ${undone}`);
        else found.refused.push(`${app}: ${name} breaks the older version: ${reasons(compatible)}; ${undone}`);
      }
    } catch (error) {
      found.refused.push(`${app}: ${messageOf(error)}`);
    }
  }
  return found;
}
