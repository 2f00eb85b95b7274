import { hostname } from "node:os";
import { loginName } from "../components/release/login-name.ts";
import type { Release } from "../components/release/release-record.ts";
import { git } from "./git.ts";

/** Who applies the stack, and from where: the user of a workflow, git's `user.name`, or the login. */
export function releaseOrigin(folder: string, environment: NodeJS.ProcessEnv): Pick<Release, "by" | "from"> {
  const revision = git(folder, "rev-parse", "HEAD");
  const by = environment["GITHUB_ACTOR"] || environment["GITLAB_USER_LOGIN"] || git(folder, "config", "user.name") || loginName();
  return {
    by,
    from: { host: hostname(), ...(revision !== undefined && { revision, dirty: git(folder, "status", "--porcelain") !== undefined }) },
  };
}
