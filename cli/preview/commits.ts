import { askGit } from "../git.ts";
import { commitOf, isCommit } from "../images/revision.ts";
import type { Commits } from "./images.ts";

/** Commits that are asked for; a release seldom has as many. */
const most = 500;

/**
 * The commits between two revisions that changed a folder, newest first; those that only the older one has are `removed`,
 * as when an older image is put back.
 *
 * @param folder The checkout.
 * @param path Below it.
 */
export async function commitsBetween(folder: string, path: string, from: string | undefined, to: string | undefined): Promise<Commits> {
  const [before, after] = [wholeCommit(from), wholeCommit(to)];
  if (after === undefined) return { unknown: "the new image does not say which commit it is built from" };
  if (before === undefined) return { unknown: "the image that runs does not say which commit it was built from" };
  for (const commit of [before, after]) {
    if ((await askGit(folder, ["cat-file", "-e", `${commit}^{commit}`])) === undefined) return { unknown: `${commit.slice(0, 12)} is not in this checkout; in a shallow clone, git fetch --unshallow` };
  }
  const list = async (range: string) =>
    ((await askGit(folder, ["log", "--no-decorate", `--max-count=${most}`, "--format=%h%x00%s", range, "--", path])) ?? "")
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => ({ hash: line.split("\0")[0] ?? "", subject: line.split("\0")[1] ?? "" }));
  return { added: await list(`${before}..${after}`), removed: await list(`${after}..${before}`) };
}

/** The commit of a revision; undefined of any other text, as only a commit's number is ever an argument of git. */
export function wholeCommit(revision: string | undefined): string | undefined {
  const commit = commitOf(revision ?? "");
  return isCommit(commit) ? commit : undefined;
}
