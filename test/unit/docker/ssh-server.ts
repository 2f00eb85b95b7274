import { generateKeyPairSync } from "node:crypto";
import { connect } from "node:net";
import type { AddressInfo } from "node:net";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execFileSync } from "node:child_process";
// Comes with dockerode.
import ssh2 from "ssh2";

/** The bounds of an sshd as it is installed: logins under way at once, and sessions of one connection. */
const [maxStartups, maxSessions] = [10, 10];

/**
 * An SSH server in front of a Docker Engine's socket, with an sshd's bounds, and the machine's own `ssh` set up to know it and
 * nothing else. It lets anybody in, and runs `docker system dial-stdio` alone.
 */
export class SshServer implements AsyncDisposable {
  /** Connections that were made. */
  connections = 0;
  /** Of them the most that were not logged in yet at one moment. */
  mostWaiting = 0;
  /** Sessions that were opened, and what was refused for going beyond a bound. */
  sessions = 0;
  refused = 0;
  readonly folder = mkdtempSync(join(tmpdir(), "berth-sshd-"));
  readonly #server: ssh2.Server;
  readonly #clients = new Set<{ end: () => unknown }>();
  #waiting = 0;

  /** Whether this machine has an `ssh`. */
  static get isPossible(): boolean {
    try {
      execFileSync("ssh", ["-V"], { stdio: "ignore" });
      return true;
    } catch {
      return false;
    }
  }

  static async before(socket: string): Promise<SshServer> {
    const server = new SshServer(socket);
    await new Promise<void>((resolve) => void server.#server.listen(0, "127.0.0.1", resolve));
    return server;
  }

  private constructor(socket: string) {
    const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048, privateKeyEncoding: { type: "pkcs1", format: "pem" }, publicKeyEncoding: { type: "pkcs1", format: "pem" } });
    // The user's own settings and keys have no part in it.
    const config = ["StrictHostKeyChecking no", `UserKnownHostsFile ${join(this.folder, "known")}`, "IdentityFile none", "LogLevel ERROR"];
    writeFileSync(join(this.folder, "config"), `${config.join("\n")}\n`);
    const real = execFileSync("sh", ["-c", "command -v ssh"], { encoding: "utf8" }).trim();
    writeFileSync(join(this.folder, "ssh"), `#!/bin/sh\nexec ${real} -F ${join(this.folder, "config")} "$@"\n`);
    chmodSync(join(this.folder, "ssh"), 0o755);
    this.#server = new ssh2.Server({ hostKeys: [privateKey] }, (client) => {
      this.connections += 1;
      this.#clients.add(client);
      this.#waiting += 1;
      this.mostWaiting = Math.max(this.mostWaiting, this.#waiting);
      let isIn = false;
      const settle = () => {
        if (!isIn) this.#waiting -= 1;
        isIn = true;
      };
      client.on("error", () => undefined).on("close", settle);
      if (this.#waiting > maxStartups) {
        this.refused += 1;
        client.end();
        return;
      }
      client.on("authentication", (context) => context.accept()).on("ready", settle);
      let open = 0;
      client.on("session", (accept, reject) => {
        if (open >= maxSessions) {
          this.refused += 1;
          reject();
          return;
        }
        open += 1;
        this.sessions += 1;
        const session = accept();
        session.on("close", () => (open -= 1));
        session.on("exec", (accepted, refuse, { command }) => {
          if (command !== "docker system dial-stdio") {
            refuse();
            return;
          }
          const stream = accepted();
          const engine = connect(socket);
          engine.on("error", () => stream.close()).on("close", () => {
            stream.exit(0);
            stream.end();
          });
          stream.on("close", () => engine.destroy()).on("error", () => engine.destroy());
          stream.pipe(engine).pipe(stream);
        });
      });
    });
  }

  /** For `DOCKER_HOST`, with {@link environment}. */
  get host(): string {
    return `ssh://operator@127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get environment(): NodeJS.ProcessEnv {
    return { ...process.env, PATH: `${this.folder}:${process.env["PATH"]}`, DOCKER_HOST: this.host };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) client.end();
    await new Promise<void>((resolve) => void this.#server.close(() => resolve()));
    rmSync(this.folder, { recursive: true, force: true });
  }
}
