import { request } from "node:http";
import type { Answer } from "./project.ts";

/** A browser as far as a test needs one: requests to one host through Traefik, with the cookies it was given. */
export class Visitor {
  readonly cookies = new Map<string, string>();
  private readonly port: number;
  private readonly host: string;

  constructor(port: number, host: string) {
    this.port = port;
    this.host = host;
  }

  get(path: string, headers: Record<string, string> = {}): Promise<Answer> {
    return this.send("GET", path, headers);
  }

  /** As a form is sent. */
  post(path: string, fields: Record<string, string>): Promise<Answer> {
    return this.send("POST", path, { "content-type": "application/x-www-form-urlencoded" }, new URLSearchParams(fields).toString());
  }

  /** With a body of JSON. */
  json(method: string, path: string, body: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    return this.send(method, path, { "content-type": "application/json", ...headers }, JSON.stringify(body));
  }

  /** Goes where an answer leads, at most five times. */
  async follow(answer: Answer): Promise<Answer> {
    let last = answer;
    for (let step = 0; step < 5 && last.headers.location !== undefined; step++) {
      const { pathname, search } = new URL(last.headers.location, `http://${this.host}`);
      last = await this.get(pathname + search);
    }
    return last;
  }

  private send(method: string, path: string, more: Record<string, string>, body?: string): Promise<Answer> {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    const length = body === undefined ? {} : { "content-length": `${Buffer.byteLength(body)}` };
    const headers = { host: this.host, ...(cookie !== "" && { cookie }), ...length, ...more };
    return new Promise((resolve, reject) => {
      const sent = request({ host: "127.0.0.1", port: this.port, method, path, headers, timeout: 10_000, agent: false }, (response) => {
        for (const line of response.headers["set-cookie"] ?? []) {
          const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
          this.cookies.set(name, value);
        }
        let text = "";
        response.setEncoding("utf8").on("data", (part: string) => (text += part));
        response.on("end", () => resolve({ status: response.statusCode ?? 0, body: text, headers: response.headers }));
      });
      sent.on("error", reject).on("timeout", () => sent.destroy(new Error(`${method} ${path}: no answer within 10 s`)));
      sent.end(body);
    });
  }
}
