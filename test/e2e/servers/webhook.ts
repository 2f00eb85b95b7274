import type { IncomingMessage, ServerResponse } from "node:http";
import { HostServer } from "./host-server.ts";

interface Message {
  status: "firing" | "resolved";
  alerts: { status: "firing" | "resolved"; labels: Record<string, string>; annotations: Record<string, string> }[];
}

/** A program on the Docker host that keeps what Alertmanager sends it. */
export class Webhook implements AsyncDisposable {
  readonly received: Message["alerts"] = [];
  private server: HostServer | undefined;

  static async create(): Promise<Webhook> {
    const webhook = new Webhook();
    webhook.server = await HostServer.listen((request, response) => webhook.take(request, response));
    return webhook;
  }

  /** Where containers with a way out reach it. */
  get url(): string {
    return `http://${this.server?.host}/alerts`;
  }

  /** Undefined once a firing alert with these labels has come, else what has. */
  lacks(labels: Record<string, string>): string | undefined {
    const entries = Object.entries(labels);
    const found = this.received.some((alert) => alert.status === "firing" && entries.every(([name, value]) => alert.labels[name] === value));
    return found ? undefined : `${this.received.map((alert) => `${alert.status} ${JSON.stringify(alert.labels)}`).join("; ")}, and no ${JSON.stringify(labels)}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server?.[Symbol.asyncDispose]();
  }

  private take(request: IncomingMessage, response: ServerResponse): void {
    let body = "";
    request.setEncoding("utf8").on("data", (part: string) => (body += part));
    request.on("end", () => {
      this.received.push(...(JSON.parse(body) as Message).alerts);
      response.end();
    });
  }
}
