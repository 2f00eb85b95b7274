import { GitHub, type PullRequest } from "./github.ts";

export type { PullRequest };

export interface Forge {
  /** For people, for example `github.com/acme/berth`. */
  readonly name: string;
  /**
   * Keeps one comment on an issue or pull request up to date: the newest text replaces that of before. It is found by
   * its first line, `<!-- marker -->`, among the comments of the same user; those of others stay.
   *
   * @param marker What this comment is, for example `berth preview prod`.
   * @returns The comment's page.
   */
  upsertComment(number: number, marker: string, body: string): Promise<string>;
  /** Opens a pull request, or brings title and text of the branch's open one up to date. */
  openPullRequest(request: { branch: string; base: string; title: string; body: string }): Promise<PullRequest>;
}

/**
 * The forge of a checkout: GitHub by its REST API, as the environment or origin's address names it.
 *
 * @param environment GITHUB_TOKEN or GH_TOKEN; GITHUB_REPOSITORY (default: of `origin`); GITHUB_API_URL (default:
 *   https://api.github.com, where origin is on github.com), as GitHub's workflows set them.
 * @param origin Address of the remote, for example `git@github.com:acme/berth.git`.
 * @returns undefined where there is no token, or no repository on GitHub.
 *
 * @example
 * const forge = forgeOf(process.env, "https://github.com/acme/berth.git");
 * await forge?.upsertComment(7, "berth preview prod", "3 to create");
 *
 * @throws OpsError from its methods, naming the permission that the token lacks.
 */
export function forgeOf(environment: NodeJS.ProcessEnv, origin?: string): Forge | undefined {
  const token = environment["GITHUB_TOKEN"] || environment["GH_TOKEN"];
  const remote = addressOf(origin);
  const api = environment["GITHUB_API_URL"] || (remote === undefined || remote.host === "github.com" ? "https://api.github.com" : undefined);
  const repository = environment["GITHUB_REPOSITORY"] || remote?.repository;
  if (!token || api === undefined || repository === undefined || !/^[\w.-]+\/[\w.-]+$/.test(repository)) return undefined;
  return new GitHub({ api: api.replace(/\/$/, ""), repository, token });
}

/** Host and `owner/name` of `https://host/owner/name.git`, `ssh://git@host/owner/name` or `git@host:owner/name.git`. */
export function addressOf(origin: string | undefined): { host: string; repository: string } | undefined {
  const [, host, repository] =
    /^(?:https?|ssh):\/\/(?:[^@/]*@)?([^:/]+)(?::\d+)?\/([^/]+\/[^/]+?)(?:\.git)?\/?$/.exec(origin ?? "") ??
    /^(?:[^@/]+@)?([^:/]+):([^/]+\/[^/]+?)(?:\.git)?$/.exec(origin ?? "") ?? [];
  return host === undefined || repository === undefined ? undefined : { host: host.toLowerCase(), repository };
}
