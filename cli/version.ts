import { readFileSync } from "node:fs";
import { join } from "node:path";
import { askGit } from "./git.ts";
import { shortRevision } from "./images/revision.ts";

/** `berth 0.1.0 (2e69c4d)`: the version in package.json, and the commit where the folder is a git repository, with `-dirty` where something is not committed. */
export async function version(folder: string): Promise<string> {
  const { version: number } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as { version: string };
  const commit = await askGit(folder, ["rev-parse", "HEAD"]);
  if (commit === undefined) return `berth ${number}`;
  const changed = await askGit(folder, ["status", "--porcelain"]);
  return `berth ${number} (${shortRevision(`${commit}${changed === "" ? "" : "-dirty"}`)})`;
}
