import type { Release } from "../../components/release/release-record.ts";
import { messageOf } from "../exit.ts";
import { hasMigrations, migrationsBetween } from "../migrations/between.ts";
import { commitOf } from "../images/revision.ts";

/** Migrations that stay in the database when one goes back, as text, and whether the older version works with them. */
export interface MigrationsBack {
  stay: string[];
  /** Why going back is refused; empty where it is not. */
  refused: string[];
}

/** What `berth rollback` asks; the real one is {@link migrationsBetween}. */
export type Between = typeof migrationsBetween;

/** What ran its migrations at some time: images and their commits by application. `null` is the work tree as it is. */
export interface Ran {
  images: Record<string, string>;
  revisions: Record<string, string | null>;
}

/**
 * The migrations that ran since a release, application by application. No rollback undoes one, also those before this one, so
 * each must leave the older version working: those that don't, and what can't be compared, are refused.
 *
 * @param folders Folder of each application below `apps/`.
 * @param since All that ran after that release, rollbacks and updates that failed among it.
 */
export async function migrationsBack(checkout: string, folders: Record<string, string>, since: readonly Ran[], to: Release, between: Between = migrationsBetween): Promise<MigrationsBack> {
  const found: MigrationsBack = { stay: [], refused: [] };
  for (const [app, image] of Object.entries(to.images)) {
    const folder = folders[app];
    const others = since.filter(({ images }) => images[app] !== undefined && images[app] !== image);
    if (folder === undefined || others.length === 0) continue;
    const path = `apps/${folder}`;
    const older = to.revisions[app];
    const newer = new Set(others.map(({ revisions }) => (typeof revisions[app] === "string" ? commitOf(revisions[app]) : revisions[app])));
    if (older === undefined || newer.has(undefined)) {
      if (hasMigrations(checkout, path)) found.refused.push(`${app}: the images say no commit, so it is not known which migrations lie between`);
      if (older === undefined) continue;
    }
    const seen = new Set<string>();
    try {
      for (const commit of newer) {
        if (commit === undefined) continue;
        const { added } = await between({ checkout, folder: path, from: commitOf(older), ...(commit !== null && { to: commit }) });
        for (const { name, compatible, undoable } of added.filter(({ path: file }) => !seen.has(file))) {
          const reasons = (verdict: typeof compatible) => verdict.mark ?? verdict.reasons.map(({ line, text }) => `line ${line} ${text}`).join("; ");
          const undone = undoable.ok ? "it can be undone" : `it can't be undone: ${reasons(undoable)}`;
          if (compatible.ok) found.stay.push(`${app}  ${name} stays applied, and the older version works with it; ${undone}`);
          else found.refused.push(`${app}: ${name} breaks the older version: ${reasons(compatible)}; ${undone}`);
        }
        for (const { path: file } of added) seen.add(file);
      }
    } catch (error) {
      found.refused.push(`${app}: ${messageOf(error)}`);
    }
  }
  return found;
}
