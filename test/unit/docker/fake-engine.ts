import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import Docker from "dockerode";

/** An answer in JSON, `"cut"` for a connection that breaks, or undefined for what is not there. */
export type Answer = { status?: number; body?: unknown } | "cut" | undefined;

/**
 * A Docker Engine that answers as a test says, for what a real one does too seldom: calls that fail half way. The key of an
 * answer is method and path, for example `GET /containers/a/json`.
 */
export class FakeEngine implements AsyncDisposable {
  readonly answers: Record<string, Answer | ((call: string) => Answer)> = {};
  readonly calls: string[] = [];
  readonly #server = createServer((request, response) => this.#answer(request, response));

  static async start(): Promise<FakeEngine> {
    const engine = new FakeEngine();
    await new Promise<void>((resolve) => engine.#server.listen(0, "127.0.0.1", resolve));
    return engine;
  }

  get #port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get host(): string {
    return `tcp://127.0.0.1:${this.#port}`;
  }

  get docker(): Docker {
    return new Docker({ protocol: "http", host: "127.0.0.1", port: this.#port });
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const call = `${request.method} ${(request.url ?? "").split("?")[0]}`;
    this.calls.push(call);
    const given = this.answers[call];
    const answer = typeof given === "function" ? given(call) : given;
    if (answer === "cut") {
      request.socket.destroy();
      return;
    }
    request.resume().on("end", () => {
      response.writeHead(answer === undefined ? 404 : (answer.status ?? 200), { "content-type": "application/json", connection: "close" });
      response.end(JSON.stringify(answer === undefined ? { message: `no such thing: ${call}` } : (answer.body ?? {})));
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
