import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { docker } from "../project.ts";

/** A program on the Docker host that containers with a way out reach, and others do not. */
export class HostServer implements AsyncDisposable {
  /** `host:port`, as containers reach it. */
  readonly host: string;
  private readonly server: Server;

  private constructor(server: Server, gateway: string) {
    this.server = server;
    this.host = `${gateway}:${(server.address() as AddressInfo).port}`;
  }

  /** Listens on every address: containers come from a network that is not there yet. */
  static async listen(answer: RequestListener): Promise<HostServer> {
    const bridge = (await docker.getNetwork("bridge").inspect()) as { IPAM: { Config: { Gateway: string }[] } };
    const server = createServer(answer);
    await new Promise<void>((resolve) => void server.listen(0, "0.0.0.0", resolve));
    return new HostServer(server, bridge.IPAM.Config[0]?.Gateway ?? "");
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.server.closeAllConnections();
    return new Promise((resolve) => void this.server.close(() => resolve()));
  }
}
