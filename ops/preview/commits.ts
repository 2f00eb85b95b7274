import { execFileSync } from "node:child_process";
import { commitOf, isCommit } from "../revision.ts";
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
export function commitsBetween(folder: string, path: string, from: string | undefined, to: string | undefined): Commits {
  const [before, after] = [wholeCommit(from), wholeCommit(to)];
  if (after === undefined) return { unknown: "the new image does not say which commit it is built from" };
  if (before === undefined) return { unknown: "the image that runs does not say which commit it was built from" };
  for (const commit of [before, after]) {
    if (git(folder, "cat-file", "-e", `${commit}^{commit}`) === undefined) return { unknown: `${commit.slice(0, 12)} is not in this checkout; in a shallow clone, git fetch --unshallow` };
  }
  const list = (range: string) =>
    (git(folder, "log", "--no-decorate", `--max-count=${most}`, "--format=%h%x00%s", range, "--", path) ?? "")
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => ({ hash: line.split("\0")[0] ?? "", subject: line.split("\0")[1] ?? "" }));
  return { added: list(`${before}..${after}`), removed: list(`${after}..${before}`) };
}

/** The commit of a revision; undefined of any other text, as only a commit's number is ever an argument of git. */
export function wholeCommit(revision: string | undefined): string | undefined {
  const commit = commitOf(revision ?? "");
  return isCommit(commit) ? commit : undefined;
}

function git(folder: string, ...args: string[]): string | undefined {
  try {
    return execFileSync("git", ["-C", folder, ...args], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"], maxBuffer: 16 * 1024 ** 2 });
  } catch {
    return undefined; // no repository, no such commit, or no git
  }
}
