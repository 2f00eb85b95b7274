import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { docker } from "./project.ts";

interface Message {
  status: "firing" | "resolved";
  alerts: { status: "firing" | "resolved"; labels: Record<string, string>; annotations: Record<string, string> }[];
}

/** A program on the Docker host that keeps what Alertmanager sends it. */
export class Webhook implements AsyncDisposable {
  readonly received: Message["alerts"] = [];
  private readonly server: Server;
  private readonly address: string;

  private constructor(address: string) {
    this.address = address;
    this.server = createServer((request, response) => {
      let body = "";
      request.setEncoding("utf8").on("data", (part: string) => (body += part));
      request.on("end", () => {
        this.received.push(...(JSON.parse(body) as Message).alerts);
        response.end();
      });
    });
  }

  /** Listens on every address: containers come from a network that is not there yet. */
  static async create(): Promise<Webhook> {
    const bridge = (await docker.getNetwork("bridge").inspect()) as { IPAM: { Config: { Gateway: string }[] } };
    const webhook = new Webhook(bridge.IPAM.Config[0]?.Gateway ?? "");
    await new Promise<void>((resolve) => void webhook.server.listen(0, "0.0.0.0", resolve));
    return webhook;
  }

  /** Where containers with a way out reach it. */
  get url(): string {
    return `http://${this.address}:${(this.server.address() as AddressInfo).port}/alerts`;
  }

  /** Undefined once a firing alert with these labels has come, else what has. */
  lacks(labels: Record<string, string>): string | undefined {
    const entries = Object.entries(labels);
    const found = this.received.some((alert) => alert.status === "firing" && entries.every(([name, value]) => alert.labels[name] === value));
    return found ? undefined : `${this.received.map((alert) => `${alert.status} ${JSON.stringify(alert.labels)}`).join("; ")}, and no ${JSON.stringify(labels)}`;
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.server.closeAllConnections();
    return new Promise((resolve) => void this.server.close(() => resolve()));
  }
}
