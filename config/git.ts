import { execFileSync } from "node:child_process";

/** What git says of a folder, without the line end; undefined where it says nothing: no repository, no commit, no remote, or no git. */
export function git(folder: string, ...args: string[]): string | undefined {
  try {
    return execFileSync("git", ["-C", folder, ...args], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim() || undefined;
  } catch {
    return undefined;
  }
}
