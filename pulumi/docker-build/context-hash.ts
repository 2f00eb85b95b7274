import { createHash, type Hash } from "node:crypto";
import { lstat, readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { IgnoreRules } from "./ignore.ts";

const LETTERS = ["r", "w", "x", "r", "w", "x", "r", "w", "x"];

/**
 * The hash of a build context as pulumi-docker-build makes it: the Dockerfile, then each file's content, path and mode,
 * without what .dockerignore leaves out. Folders that are not on this machine (URLs) add nothing.
 */
export async function contextHash(folder: string, dockerfile: string): Promise<string> {
  const hash = createHash("sha256");
  const file = await readFile(dockerfile).catch(() => undefined);
  if (file !== undefined) {
    hash.update(file);
  }
  if (await isFolder(folder)) {
    await addFolder(hash, folder, "", await ignoreRules(folder, dockerfile));
  }
  return hash.digest("hex");
}

async function ignoreRules(folder: string, dockerfile: string): Promise<IgnoreRules> {
  for (const path of [`${dockerfile}.dockerignore`, join(folder, ".dockerignore")]) {
    const text = await readFile(path, "utf8").catch(() => undefined);
    if (text !== undefined) {
      return new IgnoreRules(text);
    }
  }
  return new IgnoreRules("");
}

async function addFolder(hash: Hash, root: string, relative: string, rules: IgnoreRules): Promise<void> {
  const entries = await readdir(join(root, relative), { withFileTypes: true });
  entries.sort((a, b) => Buffer.compare(Buffer.from(a.name), Buffer.from(b.name)));
  for (const entry of entries) {
    const path = relative === "" ? entry.name : `${relative}/${entry.name}`;
    const ignored = rules.ignores(path);
    if (entry.isDirectory()) {
      if (!ignored || rules.hasExceptions) {
        await addFolder(hash, root, path, rules);
      }
    } else if (!ignored && (entry.isFile() || entry.isSymbolicLink())) {
      await addFile(hash, root, path);
    }
  }
}

async function addFile(hash: Hash, root: string, path: string): Promise<void> {
  const full = join(root, path);
  const info = await lstat(full);
  if (info.isSymbolicLink() && (await isFolder(full))) {
    return;
  }
  hash.update(await readFile(full));
  hash.update(path);
  hash.update(modeText(info.mode, info.isSymbolicLink()));
}

/** A file mode as Go prints it: `-rw-r--r--`, `Lrwxrwxrwx`. */
export function modeText(mode: number, link: boolean): string {
  const special = `${mode & 0o4000 ? "u" : ""}${mode & 0o2000 ? "g" : ""}${mode & 0o1000 ? "t" : ""}`;
  const kind = `${link ? "L" : ""}${special}` || "-";
  return kind + LETTERS.map((letter, index) => (mode & (1 << (8 - index)) ? letter : "-")).join("");
}

async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() === true;
}
