import { execFileSync, spawn } from "node:child_process";
import { createHmac, randomBytes } from "node:crypto";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { type IncomingMessage, request } from "node:http";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import Docker from "dockerode";
import { stringify } from "yaml";
import { Crypter } from "../../engine/secrets.ts";

/** The engine that this run of the tests is for; `berth test` runs them once with each that the machine has. */
export const engine = process.env["BERTH_ENGINE"] ?? "embedded";
export const docker = new Docker();

const root = join(import.meta.dirname, "..", "..");
const passphrase = randomBytes(16).toString("hex");

export interface Run {
  code: number | null;
  stdout: string;
  /** What it printed on both channels. */
  output: string;
}

export interface Answer {
  status: number;
  body: string;
  headers: IncomingMessage["headers"];
}

/**
 * A copy of the project with a stack of its own, as a user would have it: own ports, own state, the
 * real `./berth`. Removed with everything that it made by `await using`.
 */
export class Project implements AsyncDisposable {
  readonly dir: string;
  readonly stack: string;
  readonly http: number;
  readonly registryPort: number;
  readonly rootSecret = `canary-${randomBytes(12).toString("hex")}`;
  private crypter: Promise<Crypter> | undefined;

  private constructor(name: string, http: number, registryPort: number) {
    this.dir = mkdtempSync(join(tmpdir(), `berth-e2e-${name}-`));
    this.stack = `e2e-${name}-${engine}`;
    this.http = http;
    this.registryPort = registryPort;
  }

  static async create(name: string): Promise<Project> {
    const project = new Project(name, await freePort(), await freePort());
    const files = execFileSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], { cwd: root });
    for (const file of files.toString().split("\0").filter(Boolean)) {
      mkdirSync(dirname(join(project.dir, file)), { recursive: true });
      cpSync(join(root, file), join(project.dir, file));
    }
    symlinkSync(join(root, "node_modules"), join(project.dir, "node_modules"));
    await project.configure();
    // A run that was killed must not stand in the way of this one.
    await project.clean();
    return project;
  }

  /** Writes the stack file: the dev stack's settings on ports of its own, with the secret in it encrypted. */
  async configure(change: (config: Record<string, unknown>) => void = () => {}): Promise<void> {
    const crypter = await (this.crypter ??= Crypter.create(passphrase));
    const config: Record<string, unknown> = {
      "berth:publish": { http: this.http },
      "berth:registry": { port: this.registryPort },
      "berth:apps": { root: { replicas: 2, memory: "128MiB", env: { RUST_ENV: "development" } } },
      "root:ROOT_SECRET": await this.encrypted(this.rootSecret),
    };
    change(config);
    this.write(`Pulumi.${this.stack}.yaml`, stringify({ encryptionsalt: crypter.salt, config }));
  }

  /** A secret as the stack file has it. */
  async encrypted(value: string): Promise<{ secure: string }> {
    const crypter = await (this.crypter ??= Crypter.create(passphrase));
    return { secure: crypter.encrypt(value) };
  }

  write(file: string, content: string): void {
    mkdirSync(dirname(join(this.dir, file)), { recursive: true });
    writeFileSync(join(this.dir, file), content);
  }

  get environment(): NodeJS.ProcessEnv {
    const { PULUMI_BACKEND_URL: _, NODE_TEST_CONTEXT: __, ...environment } = process.env;
    return { ...environment, BERTH_ENGINE: engine, PULUMI_CONFIG_PASSPHRASE: passphrase, NO_COLOR: "1" };
  }

  /** Runs `./berth` in the copy, behind `inside` where it is given. `killAfter` in milliseconds ends it and all its children by SIGKILL. */
  berth(args: string[], options: { environment?: NodeJS.ProcessEnv; killAfter?: number; inside?: string[] } = {}): Promise<Run> {
    return new Promise((resolve, reject) => {
      const [command = "", ...words] = [...(options.inside ?? []), "./berth", ...args];
      const child = spawn(command, words, {
        cwd: this.dir,
        env: { ...this.environment, ...options.environment },
        stdio: ["ignore", "pipe", "pipe"],
        detached: true,
      });
      const run: Run = { code: null, stdout: "", output: "" };
      child.stdout.on("data", (text: Buffer) => {
        run.stdout += text.toString();
        run.output += text.toString();
      });
      child.stderr.on("data", (text: Buffer) => (run.output += text.toString()));
      const timer =
        options.killAfter === undefined ? undefined : setTimeout(() => process.kill(-Number(child.pid), "SIGKILL"), options.killAfter);
      child.on("error", reject);
      child.on("close", (code) => {
        clearTimeout(timer);
        resolve({ ...run, code });
      });
    });
  }

  /** `berth up`, which must succeed; the JSON that it printed. */
  async up(): Promise<UpResult> {
    const run = await this.berth(["up", "-s", this.stack, "--json"]);
    if (run.code !== 0) throw new Error(`berth up ended with ${run.code}:\n${run.output}`);
    return JSON.parse(run.stdout) as UpResult;
  }

  /** A request to an application through Traefik. */
  get(path: string, app = "root"): Promise<Answer> {
    return ask(this.http, "GET", path, app);
  }

  async graphql(query: string, variables: Record<string, unknown> = {}): Promise<{ data?: Record<string, unknown>; errors?: { extensions: { code: string } }[] }> {
    const answer = await ask(this.http, "POST", "/graphql", "root", JSON.stringify({ query, variables }));
    if (answer.status !== 200) throw new Error(`GraphQL answered ${answer.status}: ${answer.body}`);
    return JSON.parse(answer.body) as { data: Record<string, unknown> };
  }

  /** Writes a row by the signed mutation; `secret` other than the stack's is refused by the application. */
  addMember(handle: string, secret = this.rootSecret) {
    const at = new Date().toISOString();
    const lines = ["root.v1", "addMember", at, "Ada Example", handle, "2025-03-01", "web"];
    const by = createHmac("sha256", secret).update(lines.join("\n")).digest("hex");
    return this.graphql(
      "mutation ($input: NewMember!, $at: String, $by: String) { addMember(input: $input, signedAt: $at, signature: $by) { handle } }",
      { at, by, input: { name: "Ada Example", handle, joinedOn: "2025-03-01", track: "web" } },
    );
  }

  async handles(): Promise<string[]> {
    const { data } = await this.graphql("{ members { handle } }");
    return ((data?.["members"] ?? []) as { handle: string }[]).map(({ handle }) => handle);
  }

  containers(role?: string) {
    const label = [`berth.stack=${this.stack}`, ...(role === undefined ? [] : [`berth.role=${role}`])];
    return docker.listContainers({ all: true, filters: { label } });
  }

  async volumes(role: string): Promise<string[]> {
    const { Volumes } = await docker.listVolumes({ filters: { label: [`berth.stack=${this.stack}`, `berth.role=${role}`] } });
    return Volumes.map(({ Name }) => Name).toSorted();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.clean();
    rmSync(this.dir, { recursive: true, force: true });
  }

  /** Removes all that carries this stack's label, and nothing else. */
  private async clean(): Promise<void> {
    const filters = { label: [`berth.stack=${this.stack}`] };
    for (const { Id } of await docker.listContainers({ all: true, filters })) await docker.getContainer(Id).remove({ force: true, v: true });
    for (const { Id } of await docker.listNetworks({ filters })) await docker.getNetwork(Id).remove();
    for (const { Name } of (await docker.listVolumes({ filters })).Volumes) await docker.getVolume(Name).remove();
  }
}

/** A request through the Traefik that listens on `port` of 127.0.0.1; fetch would not let the host be named. */
export function ask(port: number, method: string, path: string, app: string, body?: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers = { host: `${app}.localhost`, ...(body !== undefined && { "content-type": "application/json" }) };
    const sent = request({ host: "127.0.0.1", port, method, path, headers, timeout: 10_000, agent: false }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (part: string) => (text += part));
      response.on("end", () => resolve({ status: response.statusCode ?? 0, body: text, headers: response.headers }));
    });
    sent.on("error", reject);
    sent.on("timeout", () => sent.destroy(new Error(`${method} ${path}: no answer within 10 s`)));
    sent.end(body);
  });
}

export interface UpResult {
  engine: string;
  changes: Record<string, number>;
  addresses: Record<string, string>;
  outputs: { imageDigests: Record<string, string>; reach: Record<string, string> };
}

/** A port on 127.0.0.1 that nothing listens on now. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().on("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => (typeof address === "object" && address !== null ? resolve(address.port) : reject(new Error("no port"))));
    });
  });
}
