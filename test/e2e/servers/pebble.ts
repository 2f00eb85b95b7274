import { execFile, execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import lock from "../../../config/images.lock.json" with { type: "json" };
import { freePort } from "../project.ts";

const run = promisify(execFile);

/**
 * An ACME server on the host's own network: the stack reaches it at the Docker bridge's address, and it asks the stack
 * for proofs where it publishes, by name, as a public one would.
 */
export class Pebble implements AsyncDisposable {
  readonly folder = mkdtempSync(join(tmpdir(), "berth-pebble-"));
  readonly name: string;
  /** Of the Docker bridge, which containers and host have in common. */
  readonly address: string;
  readonly directory: string;
  /** Of the authority that signed the server's own certificate. */
  readonly authority: string;
  private readonly port: number;
  private readonly management: number;

  private constructor(name: string, port: number, management: number) {
    this.name = name;
    this.port = port;
    this.management = management;
    this.address = execFileSync("docker", ["network", "inspect", "bridge", "--format", "{{(index .IPAM.Config 0).Gateway}}"], { encoding: "utf8" }).trim();
    this.directory = `https://${this.address}:${port}/dir`;
    this.authority = join(this.folder, "certificate.pem");
  }

  /** Makes certificate and configuration; at these ports it asks for the proof of a name. Nothing runs yet. */
  static async create(name: string, { http, https }: Record<"http" | "https", number>): Promise<Pebble> {
    const pebble = new Pebble(name, await freePort(), await freePort());
    const { folder, address } = pebble;
    await run("openssl", ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=pebble", "-addext", `subjectAltName=IP:${address}`, "-keyout", join(folder, "key.pem"), "-out", pebble.authority]);
    const config = {
      listenAddress: `${address}:${pebble.port}`,
      managementListenAddress: `${address}:${pebble.management}`,
      certificate: "/pebble/certificate.pem",
      privateKey: "/pebble/key.pem",
      httpPort: http,
      tlsPort: https,
    };
    writeFileSync(join(folder, "config.json"), JSON.stringify({ pebble: config }));
    return pebble;
  }

  /** Starts it and waits until it answers. `hosts` lead to this machine. */
  async start(hosts: string[]): Promise<void> {
    await this.stop();
    const names = hosts.flatMap((host) => ["--add-host", `${host}:127.0.0.1`]);
    const environment = ["--env", "PEBBLE_VA_NOSLEEP=1"];
    await run("docker", ["run", "--detach", "--name", this.name, "--network", "host", ...names, ...environment, "--volume", `${this.folder}:/pebble:ro`, lock.pebble, "-config", "/pebble/config.json"]);
    for (const started = Date.now(); ; await sleep(100)) {
      const answer = await this.root().catch((error: unknown) => error);
      if (typeof answer === "string") return;
      if (Date.now() - started > 10_000) throw new Error(`${this.name} does not answer after 10 s: ${String(answer)}`);
    }
  }

  async stop(): Promise<void> {
    await run("docker", ["rm", "--force", this.name]);
  }

  /** PEM of the authority that signs what it issues; another one after each start. */
  root(): Promise<string> {
    return new Promise((resolve, reject) => {
      request({ host: this.address, port: this.management, path: "/roots/0", ca: readFileSync(this.authority), agent: false, timeout: 2000 }, (response) => {
        let text = "";
        response.setEncoding("utf8").on("data", (part: string) => (text += part));
        response.on("end", () => (response.statusCode === 200 ? resolve(text) : reject(new Error(`status ${response.statusCode}`))));
      })
        .on("error", reject)
        .end();
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
