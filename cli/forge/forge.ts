import { messageOf, OpsError } from "../exit.ts";

/** How long one request may take, in milliseconds. */
const deadline = 30_000;

export interface PullRequest {
  number: number;
  /** Its page. */
  url: string;
  /** False where one of the same branch was open and has been updated. */
  created: boolean;
}

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
  return new GitHub(api.replace(/\/$/, ""), repository, token);
}

/** Host and `owner/name` of `https://host/owner/name.git`, `ssh://git@host/owner/name` or `git@host:owner/name.git`. */
export function addressOf(origin: string | undefined): { host: string; repository: string } | undefined {
  const [, host, repository] =
    /^(?:https?|ssh):\/\/(?:[^@/]*@)?([^:/]+)(?::\d+)?\/([^/]+\/[^/]+?)(?:\.git)?\/?$/.exec(origin ?? "") ??
    /^(?:[^@/]+@)?([^:/]+):([^/]+\/[^/]+?)(?:\.git)?$/.exec(origin ?? "") ?? [];
  return host === undefined || repository === undefined ? undefined : { host: host.toLowerCase(), repository };
}

interface Comment {
  id: number;
  html_url: string;
  body?: string;
  user: { login: string; type: string } | null;
}

class GitHub implements Forge {
  readonly name: string;
  readonly #api: string;
  readonly #repository: string;
  readonly #token: string;

  constructor(api: string, repository: string, token: string) {
    this.#api = api;
    this.#repository = repository;
    this.#token = token;
    this.name = `${new URL(api).host.replace(/^api\./, "")}/${repository}`;
  }

  async upsertComment(number: number, marker: string, body: string): Promise<string> {
    const head = `<!-- ${marker} -->`;
    const text = { body: `${head}\n${body}` };
    const mine = await this.#ownership();
    let page: string | undefined = this.#path(`/issues/${number}/comments?per_page=100`);
    while (page !== undefined) {
      const { value, next }: Answer<Comment[]> = await this.#send("GET", page);
      const found = value.find((comment) => comment.body?.split(/\r?\n/, 1)[0] === head && mine(comment));
      if (found !== undefined) {
        if (found.body?.replaceAll("\r\n", "\n") === text.body) return found.html_url;
        return (await this.#send<Comment>("PATCH", this.#path(`/issues/comments/${found.id}`), text)).value.html_url;
      }
      page = next;
    }
    return (await this.#send<Comment>("POST", this.#path(`/issues/${number}/comments`), text)).value.html_url;
  }

  async openPullRequest({ branch, base, title, body }: { branch: string; base: string; title: string; body: string }): Promise<PullRequest> {
    interface Pull { number: number; html_url: string }
    const query = new URLSearchParams({ state: "open", base, head: `${this.#repository.split("/")[0] ?? ""}:${branch}` });
    const open = (await this.#send<Pull[]>("GET", this.#path(`/pulls?${query.toString()}`))).value[0];
    const { value } =
      open === undefined
        ? await this.#send<Pull>("POST", this.#path("/pulls"), { head: branch, base, title, body })
        : await this.#send<Pull>("PATCH", this.#path(`/pulls/${open.number}`), { title, body });
    return { number: value.number, url: value.html_url, created: open === undefined };
  }

  /** Whose comments may be changed: the token's user's. A workflow's token has no user of its own, but is a bot. */
  async #ownership(): Promise<(comment: Comment) => boolean> {
    const response = await this.#request("GET", `${this.#api}/user`);
    if (response.status === 403) return ({ user }) => user?.type === "Bot";
    const { value } = await this.#read<{ login: string }>("GET", `${this.#api}/user`, response);
    return ({ user }) => user?.login === value.login;
  }

  #path(path: string): string {
    return `${this.#api}/repos/${this.#repository}${path}`;
  }

  async #send<T>(method: string, url: string, body?: unknown): Promise<Answer<T>> {
    return this.#read<T>(method, url, await this.#request(method, url, body));
  }

  async #request(method: string, url: string, body?: unknown): Promise<Response> {
    // The next page is an address that the server gave; the token goes nowhere else.
    if (!url.startsWith(`${this.#api}/`)) throw new OpsError(`${this.name} named ${url} as its next page, which is not below ${this.#api}`);
    const headers = {
      accept: "application/vnd.github+json",
      authorization: `Bearer ${this.#token}`,
      "user-agent": "berth",
      "x-github-api-version": "2022-11-28",
      ...(body !== undefined && { "content-type": "application/json" }),
    };
    try {
      return await fetch(url, { method, headers, signal: AbortSignal.timeout(deadline), ...(body !== undefined && { body: JSON.stringify(body) }) });
    } catch (error) {
      const cause = error instanceof Error && error.cause instanceof Error ? `: ${error.cause.message}` : "";
      throw new OpsError(`${this.name} can't be reached at ${this.#api}: ${messageOf(error)}${cause}`);
    }
  }

  async #read<T>(method: string, url: string, response: Response): Promise<Answer<T>> {
    const text = await response.text();
    if (!response.ok) throw new OpsError(`${this.name} refused ${method} ${new URL(url).pathname}: ${refusal(response, text)}`);
    return { value: JSON.parse(text) as T, next: nextPage(response.headers.get("link")) };
  }
}

interface Answer<T> {
  value: T;
  /** Address of the next page. */
  next: string | undefined;
}

/** The page after this one, as the header `link` names it (RFC 8288). */
export function nextPage(link: string | null): string | undefined {
  return /<([^>]+)>\s*;[^,]*\brel="?next"?/.exec(link ?? "")?.[1];
}

/** What went wrong, and what to do: which permission the token lacks, as GitHub's own header names it. */
function refusal({ status, headers }: Response, text: string): string {
  const said = `${status} ${messageIn(text)}`;
  if (status === 429 || headers.get("x-ratelimit-remaining") === "0") {
    const reset = Number(headers.get("x-ratelimit-reset")) * 1000;
    return `${said}. Too many requests; try again ${reset > 0 ? `after ${new Date(reset).toISOString()}` : "later"}`;
  }
  if (status === 401) return `${said}. The token of GITHUB_TOKEN has expired, or is of another server: make a new one`;
  if (status === 403 || status === 404) {
    const wanted = headers.get("x-accepted-github-permissions")?.replaceAll("_", "-").replaceAll("=", ": ") || "pull-requests: write";
    const actions = /not permitted to create/.test(text) ? "; and allow it in the repository's settings, Actions, General: Allow GitHub Actions to create and approve pull requests" : "";
    return `${said}. The token of GITHUB_TOKEN needs the permission "${wanted}" on this repository: in a workflow under permissions:, else in the token's settings${actions}`;
  }
  return said;
}

function messageIn(text: string): string {
  try {
    const { message, errors = [] } = JSON.parse(text) as { message?: string; errors?: ({ message?: string; field?: string; code?: string } | string)[] };
    const more = errors.map((error) => (typeof error === "string" ? error : (error.message ?? `${error.field ?? ""} ${error.code ?? ""}`.trim())));
    return [message ?? text, ...more].join("; ");
  } catch {
    return text.slice(0, 200);
  }
}
