import { messageOf, OpsError } from "../exit.ts";

/** How long one request may take, in milliseconds. */
const deadline = 30_000;

/** Where a repository is, and by which token it is reached. */
export interface Access {
  /** Address of the REST API, without a slash at its end. */
  api: string;
  /** `owner/name`. */
  repository: string;
  token: string;
}

export interface Answer<T> {
  value: T;
  /** Address of the next page. */
  next: string | undefined;
}

/** GitHub's REST API for one repository. @throws OpsError from its methods, naming the permission that the token lacks */
export class GitHubApi {
  /** For people, for example `github.com/acme/berth`. */
  readonly name: string;
  readonly #access: Access;

  constructor(access: Access) {
    this.#access = access;
    this.name = `${new URL(access.api).host.replace(/^api\./, "")}/${access.repository}`;
  }

  get owner(): string {
    return this.#access.repository.split("/")[0] ?? "";
  }

  /** Whose token it is; undefined of a workflow's, which has no user of its own. */
  async user(): Promise<{ login: string } | undefined> {
    const url = `${this.#access.api}/user`;
    const response = await this.#request("GET", url);
    return response.status === 403 ? undefined : (await this.#read<{ login: string }>("GET", url, response)).value;
  }

  /** Address of something in the repository. */
  path(path: string): string {
    return `${this.#access.api}/repos/${this.#access.repository}${path}`;
  }

  /** Asks for JSON, or sends some. */
  async send<T>(method: string, url: string, body?: unknown): Promise<Answer<T>> {
    return this.#read<T>(method, url, await this.#request(method, url, body));
  }

  async #request(method: string, url: string, body?: unknown): Promise<Response> {
    // The next page is an address that the server gave; the token goes nowhere else.
    if (!url.startsWith(`${this.#access.api}/`)) throw new OpsError(`${this.name} named ${url} as its next page, which is not below ${this.#access.api}`);
    const headers = {
      accept: "application/vnd.github+json",
      authorization: `Bearer ${this.#access.token}`,
      "user-agent": "berth",
      "x-github-api-version": "2022-11-28",
      ...(body !== undefined && { "content-type": "application/json" }),
    };
    try {
      return await fetch(url, { method, headers, signal: AbortSignal.timeout(deadline), ...(body !== undefined && { body: JSON.stringify(body) }) });
    } catch (error) {
      const cause = error instanceof Error && error.cause instanceof Error ? `: ${error.cause.message}` : "";
      throw new OpsError(`${this.name} can't be reached at ${this.#access.api}: ${messageOf(error)}${cause}`);
    }
  }

  async #read<T>(method: string, url: string, response: Response): Promise<Answer<T>> {
    const text = await response.text();
    if (!response.ok) throw new OpsError(`${this.name} refused ${method} ${new URL(url).pathname}: ${refusal(response, text)}`);
    return { value: JSON.parse(text) as T, next: nextPage(response.headers.get("link")) };
  }
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
