import { execFileSync } from "node:child_process";
import { hostname, userInfo } from "node:os";
import type { Release } from "./release-record.ts";

/** Who applies the stack, and from where: the user of a workflow, git's `user.name`, or the login. */
export function releaseOrigin(folder: string, environment: NodeJS.ProcessEnv): Pick<Release, "by" | "from"> {
  const git = (...args: string[]) => {
    try {
      return execFileSync("git", ["-C", folder, ...args], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim() || undefined;
    } catch {
      return undefined; // no repository, no commit, or no git
    }
  };
  const revision = git("rev-parse", "HEAD");
  const by = environment["GITHUB_ACTOR"] || environment["GITLAB_USER_LOGIN"] || git("config", "user.name") || loginName();
  return {
    by,
    from: { host: hostname(), ...(revision !== undefined && { revision, dirty: git("status", "--porcelain") !== undefined }) },
  };
}

/** A container may run under a number that no account has. */
function loginName(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid ${process.getuid?.() ?? "?"}`;
  }
}
