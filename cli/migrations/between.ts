import { globSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { OpsError } from "../exit.ts";
import { askGit, git } from "../git.ts";
import { judged, type Migration } from "./migration.ts";

export interface Between {
  /** Those that `to` has and `from` lacks, in the order in which they run. */
  added: Migration[];
  /** Migrations of `from` that are another text in `to`, or are gone: a released migration never changes. */
  altered: { path: string; how: "changed" | "removed" }[];
}

export interface BetweenOptions {
  /** Folder inside the git repository, for example the project's. */
  checkout: string;
  /** The application's folder below the checkout, for example `apps/root`. */
  folder: string;
  /** Commit that runs; undefined where none does yet, so that every migration is new. */
  from: string | undefined;
  /** Commit that is to run. @default the work tree as it is, with what is not committed */
  to?: string;
}

/**
 * The migrations of an application that lie between two commits, each judged: whether the version from before goes on
 * working when it has run (`compatible`), and whether one can go back behind it (`undoable`).
 *
 * Migrations are the files `*.sql` and `*.py` in a folder `migrations` below the application's; `*.down.sql` undoes the
 * one beside it. Git alone is asked, no database: what has run already there is not known.
 *
 * @example
 * const { added, altered } = await migrationsBetween({ checkout: project.folder, folder: "apps/root", from: "0f3c1a2", to: "HEAD" });
 * added[0]; // { name: "0003_teams.sql", compatible: { ok: false, reasons: [{ line: 4, text: 'drops the column …' }] }, undoable: … }
 * // For a rollback from `new` to `old`: what must be undone is what `new` adds, { from: old, to: new }.
 *
 * @throws OpsError where a commit is not in this clone.
 */
export async function migrationsBetween({ checkout, folder, from, to }: BetweenOptions): Promise<Between> {
  const ask = (...args: string[]) => git(checkout, args);
  for (const commit of [from, to]) if (commit !== undefined) await requireCommit(checkout, commit);
  // Paths below the checkout's folder, which need not be the repository's top.
  const present =
    to === undefined
      ? names(await ask("ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", folder))
      : names(await ask("ls-tree", "-r", "-z", "--name-only", to, "--", folder));
  const changes = new Map<string, string>();
  if (from === undefined) for (const path of present) changes.set(path, "A");
  else {
    const fields = names(await ask("diff", "--relative", "--no-renames", "--name-status", "-z", from, ...(to === undefined ? [] : [to]), "--", folder));
    for (let index = 0; index + 1 < fields.length; index += 2) changes.set(fields[index + 1] ?? "", fields[index] ?? "");
    // git diff says nothing of files that were never added.
    if (to === undefined) for (const path of names(await ask("ls-files", "-z", "--others", "--exclude-standard", "--", folder))) changes.set(path, "A");
  }
  const textOf = (path: string) => (to === undefined ? readFile(join(checkout, path), "utf8") : ask("show", `${to}:./${path}`));
  const downs = new Set(present.filter((path) => path.endsWith(".down.sql")));
  const added: Migration[] = [];
  const altered: Between["altered"] = [];
  for (const [path, status] of [...changes].filter(([path]) => isMigration(path)).sort(inOrder)) {
    if (status === "D") altered.push({ path, how: "removed" });
    else if (status !== "A") altered.push({ path, how: "changed" });
    else {
      const down = path.replace(/(?:\.up)?\.sql$/, ".down.sql");
      added.push(await judged(path, await textOf(path), downs.has(down) ? await textOf(down) : undefined));
    }
  }
  return { added, altered };
}

/** Paths of an output with `-z`. */
function names(output: string): string[] {
  return output.split("\0").filter(Boolean);
}

/** Whether an application has any in the work tree; those of packages below `node_modules` are not its own. */
export function hasMigrations(checkout: string, folder: string): boolean {
  return globSync("**/migrations/*.{sql,py}", { cwd: join(checkout, folder), exclude: ["**/node_modules/**"] }).some((file) => isMigration(file));
}

/** `apps/root/migrations/0001_members.sql` and `people/migrations/0001_people.py`, but not what undoes one. */
export function isMigration(path: string): boolean {
  if (!/(?:^|\/)migrations\//.test(path) || path.endsWith(".down.sql")) return false;
  return path.endsWith(".sql") || (/\/migrations\/[^/]+\.py$/.test(path) && basename(path) !== "__init__.py");
}

/** By folder, then by the number that the name begins with. */
function inOrder([a]: [string, string], [b]: [string, string]): number {
  return a.localeCompare(b, "en", { numeric: true });
}

async function requireCommit(checkout: string, commit: string): Promise<void> {
  if ((await askGit(checkout, ["rev-parse", "--verify", "--quiet", "--end-of-options", `${commit}^{commit}`])) === undefined) {
    throw new OpsError(`commit ${commit} is not in this clone, so its migrations can't be compared: git fetch --unshallow origin, or git fetch origin ${commit}`);
  }
}
