import { mkdir, open, rename } from "node:fs/promises";
import { dirname } from "node:path";

/**
 * Puts a state in the place of the one before: written beside it, synced, renamed, so that a machine that stops at any
 * moment has one of the two, whole. For who holds the lock. Only its owner may read it.
 */
export async function writeState(path: string, text: string): Promise<void> {
  const temporary = `${path}.new`;
  await mkdir(dirname(path), { recursive: true });
  await using file = await open(temporary, "w", 0o600);
  await file.writeFile(text);
  await file.sync();
  await rename(temporary, path);
  await using folder = await open(dirname(path), "r");
  await folder.sync();
}
