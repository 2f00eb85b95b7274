import type { IncomingMessage, ServerResponse } from "node:http";
import { gunzipSync } from "node:zlib";
import { HostServer } from "./host-server.ts";

/** What deliver logs in with. */
export const accounts = { redditId: "client-id", redditSecret: "client-secret-canary", deeplKey: "deepl-key-canary:fx" };

const basic = `Basic ${Buffer.from(`${accounts.redditId}:${accounts.redditSecret}`).toString("base64")}`;

/**
 * Services of the world, as a program on the Docker host: answers as Reddit's and DeepL's APIs do, takes posts as a
 * webhook and events as Sentry. Containers reach it by a network with a way out alone.
 */
export class OutsideWorld implements AsyncDisposable {
  /** What the webhook got. */
  readonly delivered: { id: string; title: string }[] = [];
  /** Envelopes that Sentry got, as text. */
  readonly events: string[] = [];
  private readonly posts: { name: string; title: string; created_utc: number }[] = [];
  private server: HostServer | undefined;

  static async create(): Promise<OutsideWorld> {
    const world = new OutsideWorld();
    world.server = await HostServer.listen((request, response) => void world.respond(request, response));
    return world;
  }

  /** `host:port`, as containers with a way out reach it. */
  get host(): string {
    return this.server?.host ?? "";
  }

  /** A new post in every subreddit. */
  publish(name: string): void {
    this.posts.unshift({ name: `t3_${name}`, title: `Title ${name}`, created_utc: Date.now() / 1000 });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server?.[Symbol.asyncDispose]();
  }

  private async respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [status, answer] = this.answer(request, await bodyOf(request));
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(answer));
  }

  private answer({ url = "", headers }: IncomingMessage, body: string): [number, unknown] {
    const [path = ""] = url.split("?");
    const login = headers.authorization;
    if (path === "/reddit/api/v1/access_token") return login === basic ? [200, { access_token: "token", expires_in: 86_400 }] : [401, {}];
    if (/^\/reddit\/r\/\w+\/new$/.test(path)) {
      if (login !== "bearer token") return [401, {}];
      const children = this.posts.map((post) => ({ kind: "t3", data: { ...post, selftext: "A text.", author: "ada", permalink: `/comments/${post.name}/` } }));
      return [200, { kind: "Listing", data: { after: null, children } }];
    }
    if (path === "/deepl/v2/translate") {
      if (login !== `DeepL-Auth-Key ${accounts.deeplKey}`) return [403, {}];
      const { text, target_lang: language } = JSON.parse(body) as { text: string[]; target_lang: string };
      return [200, { translations: text.map((one) => ({ text: `<${language}>${one}` })) }];
    }
    if (path === "/hook") this.delivered.push(JSON.parse(body) as { id: string; title: string });
    else if (path === "/api/1/envelope/") this.events.push(body);
    else return [404, {}];
    return [200, {}];
  }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  const body = Buffer.concat(parts);
  return String(request.headers["content-encoding"] === "gzip" ? gunzipSync(body) : body);
}
