import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** As much of GitHub's API as the comments of one pull request need; it keeps them as GitHub does. */
export class FakeForge implements AsyncDisposable {
  readonly comments: { id: number; html_url: string; body: string; user: { login: string; type: string } }[] = [];
  /** Requests that changed something. */
  readonly changes: string[] = [];
  readonly #server = createServer((request, response) => {
    let text = "";
    request.setEncoding("utf8").on("data", (part: string) => (text += part));
    request.on("end", () => {
      response.setHeader("content-type", "application/json").end(JSON.stringify(this.#answer(request.method ?? "", request.url ?? "", text)));
    });
  });

  static async start(): Promise<FakeForge> {
    const forge = new FakeForge();
    await new Promise<void>((resolve) => forge.#server.listen(0, "127.0.0.1", resolve));
    return forge;
  }

  /** What a workflow sets for `./berth preview --comment`. */
  get environment(): NodeJS.ProcessEnv {
    const { port } = this.#server.address() as AddressInfo;
    return { GITHUB_TOKEN: "token-of-a-test", GITHUB_REPOSITORY: "acme/shop", GITHUB_API_URL: `http://127.0.0.1:${port}` };
  }

  #answer(method: string, url: string, text: string): unknown {
    const user = { login: "ada", type: "User" };
    if (url.endsWith("/user")) return user;
    if (method === "GET") return this.comments;
    this.changes.push(`${method} ${url}`);
    const { body } = JSON.parse(text) as { body: string };
    const found = this.comments.find(({ id }) => url.endsWith(`/issues/comments/${id}`));
    if (found !== undefined) return Object.assign(found, { body });
    const id = this.comments.length + 1;
    this.comments.push({ id, html_url: `https://github.com/acme/shop/pull/7#issuecomment-${id}`, body, user });
    return this.comments.at(-1);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
