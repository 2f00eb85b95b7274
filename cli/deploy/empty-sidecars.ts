import { existsSync, globSync, rmSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

/**
 * Removes the empty sidecars of a backend that is a folder.
 *
 * Beside each file of such a backend the Pulumi CLI writes its kind and checksum, `<file>.attrs`. An update that is killed in
 * that moment leaves one empty, and from then on the CLI can't read the file: `failed to load checkpoint: EOF`. Nobody needs
 * what was in it: a file without a sidecar is read as it is.
 *
 * @param url Of the backend; one that is no folder is left alone.
 * @returns Those that were removed, from the folder.
 */
export function removeEmptySidecars(url: string): string[] {
  if (!url.startsWith("file://")) return [];
  const folder = url.slice("file://".length).replace(/\?.*$/, "").replace(/^~(?=\/|$)/, homedir());
  if (!existsSync(folder)) return [];
  const empty = globSync(".pulumi/**/*.attrs", { cwd: folder }).filter((file) => statSync(join(folder, file), { throwIfNoEntry: false })?.size === 0);
  for (const file of empty) rmSync(join(folder, file), { force: true });
  return empty.toSorted();
}
