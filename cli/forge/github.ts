import { type Access, type Answer, GitHubApi } from "./github-api.ts";

export interface PullRequest {
  number: number;
  /** Its page. */
  url: string;
  /** False where one of the same branch was open and has been updated. */
  created: boolean;
}

interface Comment {
  id: number;
  html_url: string;
  body?: string;
  user: { login: string; type: string } | null;
}

/** A repository on GitHub, or on a server of GitHub's. */
export class GitHub {
  readonly name: string;
  readonly #api: GitHubApi;

  constructor(access: Access) {
    this.#api = new GitHubApi(access);
    this.name = this.#api.name;
  }

  async upsertComment(number: number, marker: string, body: string): Promise<string> {
    const head = `<!-- ${marker} -->`;
    const text = { body: `${head}\n${body}` };
    const mine = await this.#ownership();
    let page: string | undefined = this.#api.path(`/issues/${number}/comments?per_page=100`);
    while (page !== undefined) {
      const { value, next }: Answer<Comment[]> = await this.#api.send("GET", page);
      const found = value.find((comment) => comment.body?.split(/\r?\n/, 1)[0] === head && mine(comment));
      if (found !== undefined) {
        if (found.body?.replaceAll("\r\n", "\n") === text.body) return found.html_url;
        return (await this.#api.send<Comment>("PATCH", this.#api.path(`/issues/comments/${found.id}`), text)).value.html_url;
      }
      page = next;
    }
    return (await this.#api.send<Comment>("POST", this.#api.path(`/issues/${number}/comments`), text)).value.html_url;
  }

  async openPullRequest({ branch, base, title, body }: { branch: string; base: string; title: string; body: string }): Promise<PullRequest> {
    interface Pull { number: number; html_url: string }
    const query = new URLSearchParams({ state: "open", base, head: `${this.#api.owner}:${branch}` });
    const open = (await this.#api.send<Pull[]>("GET", this.#api.path(`/pulls?${query.toString()}`))).value[0];
    const { value } =
      open === undefined
        ? await this.#api.send<Pull>("POST", this.#api.path("/pulls"), { head: branch, base, title, body })
        : await this.#api.send<Pull>("PATCH", this.#api.path(`/pulls/${open.number}`), { title, body });
    return { number: value.number, url: value.html_url, created: open === undefined };
  }

  /** Whose comments may be changed: the token's user's. A workflow's token has no user of its own, but is a bot. */
  async #ownership(): Promise<(comment: Comment) => boolean> {
    const value = await this.#api.user();
    if (value === undefined) return ({ user }) => user?.type === "Bot";
    return ({ user }) => user?.login === value.login;
  }
}
