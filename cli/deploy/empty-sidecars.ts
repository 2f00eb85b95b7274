import { globSync, rmSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

/**
 * Removes the empty sidecars of a stack in a backend that is a folder.
 *
 * Beside each file of such a backend the Pulumi CLI writes its kind and checksum, `<file>.attrs`. An update that is killed in
 * that moment leaves one empty, and from then on the CLI can't read the file: `failed to load checkpoint: EOF`. Nobody needs
 * what was in it: a file without a sidecar is read as it is.
 *
 * Only what the stack has there is looked at: the folder may be shared by many, and each update of each adds to its history.
 *
 * @param url Of the backend; one that is no folder is left alone.
 * @param project Name of the project in Pulumi.yaml.
 * @returns Those that were removed, from the folder.
 */
export function removeEmptySidecars(url: string, project: string, stack: string): string[] {
  if (!url.startsWith("file://")) return [];
  const folder = url.slice("file://".length).replace(/\?.*$/, "").replace(/^~(?=\/|$)/, homedir());
  const own = ["meta.yaml.attrs", `stacks/${project}/${stack}.json*.attrs`, ...["history", "backups", "locks/*"].map((kind) => `${kind}/${project}/${stack}/*.attrs`)];
  const sidecars = globSync(own.map((pattern) => `.pulumi/${pattern}`), { cwd: folder });
  const empty = sidecars.filter((file) => statSync(join(folder, file), { throwIfNoEntry: false })?.size === 0);
  for (const file of empty) rmSync(join(folder, file), { force: true });
  return empty.toSorted();
}
