import { execFileSync, spawn } from "node:child_process";
import { createHash, randomBytes, randomInt } from "node:crypto";
import { cpSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { type IncomingMessage, request } from "node:http";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import Docker from "dockerode";
import { stringify } from "yaml";
import lock from "../../config/images.lock.json" with { type: "json" };
import { Crypter } from "../../pulumi/secrets.ts";

/** The engine that this run of the tests is for; `berth test` runs them once with each that the machine has. */
export const engine = process.env["BERTH_ENGINE"] ?? "embedded";
export const docker = new Docker();

const root = join(import.meta.dirname, "../..");
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

/** Of the application members: the server, with psql and what it loads on an image that is there anyway. */
const dockerfile = `FROM ${lock.postgres} AS psql
RUN mkdir /opt/psql && cp "$(ls /usr/lib/postgresql/*/bin/psql)" /opt/psql/ && ldd /opt/psql/psql | sed -n 's/.*=> \\(.*\\) (.*/\\1/p' | grep -Ev 'lib(c|m|resolv)[.]' | xargs -I{} cp {} /opt/psql/
FROM ${lock.toolbox}
COPY --from=psql /opt/psql /opt/psql
COPY server.pl /app/
`;

/**
 * A copy of the project with a stack of its own, as a user would have it: own ports, own state, the
 * real `./berth`. Removed with everything that it made by `await using`.
 */
export class Project implements AsyncDisposable {
  readonly dir: string;
  readonly stack: string;
  readonly http: number;
  readonly registryPort: number;
  /** KEY of the application members. */
  readonly key = `canary-${randomBytes(12).toString("hex")}`;
  private crypter: Promise<Crypter> | undefined;

  private constructor(name: string, http: number, registryPort: number) {
    this.stack = `e2e-${name}-${engine}`;
    // The same in each run of this checkout: by it the compile cache knows the files again.
    this.dir = join(tmpdir(), `berth-${this.stack}-${createHash("sha256").update(root).digest("hex").slice(0, 8)}`);
    rmSync(this.dir, { recursive: true, force: true });
    mkdirSync(this.dir, { mode: 0o700 });
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
    cpSync(join(import.meta.dirname, "members"), join(project.dir, "apps/members"), { recursive: true });
    project.write("apps/members/Dockerfile", dockerfile);
    await project.configure();
    // A run that was killed must not stand in the way of this one.
    await project.clean();
    return project;
  }

  /** Writes the stack file: two replicas of the application members on ports of its own, with its secret encrypted. */
  async configure(change: (config: Record<string, unknown>) => void = () => {}): Promise<void> {
    const crypter = await (this.crypter ??= Crypter.create(passphrase));
    const config: Record<string, unknown> = {
      "berth:publish": { http: this.http },
      "berth:registry": { port: this.registryPort },
      "berth:apps": { members: { replicas: 2, memory: "128MiB" } },
      "members:KEY": await this.encrypted(this.key),
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

  /** Changes a file of the copy. @throws Error where it does not have `from` */
  edit(file: string, from: string, to: string): void {
    const text = readFileSync(join(this.dir, file), "utf8");
    if (!text.includes(from)) throw new Error(`${file} has no ${from}`);
    this.write(file, text.replaceAll(from, to));
  }

  get environment(): NodeJS.ProcessEnv {
    const { PULUMI_BACKEND_URL: _, NODE_TEST_CONTEXT: __, BERTH_STACK: ___, ...environment } = process.env;
    // Tests of prod stacks run on stand-ins too, where Docker Hub does not answer.
    return { ...environment, BERTH_STAND_INS: "yes", BERTH_ENGINE: engine, NODE_COMPILE_CACHE: join(root, ".berth/cache/node"), PULUMI_CONFIG_PASSPHRASE: passphrase, NO_COLOR: "1" };
  }

  /**
   * Runs `./berth` in the copy, behind `inside` where it is given. Once `killWhen` says so of what it has printed, it gets
   * `signal`; SIGKILL, the default, ends all its children too.
   */
  berth(args: string[], options: { environment?: NodeJS.ProcessEnv; killWhen?: (printed: string) => boolean; signal?: NodeJS.Signals; inside?: string[] } = {}): Promise<Run> {
    return new Promise((resolve, reject) => {
      const [command = "", ...words] = [...(options.inside ?? []), "./berth", ...args];
      const child = spawn(command, words, {
        cwd: this.dir,
        env: { ...this.environment, ...options.environment },
        stdio: ["ignore", "pipe", "pipe"],
        detached: true,
      });
      const run: Run = { code: null, stdout: "", output: "" };
      let killed = false;
      const print = (text: string) => {
        run.output += text;
        if (killed || options.killWhen?.(run.output) !== true) return;
        killed = true;
        const { signal = "SIGKILL" } = options;
        process.kill(signal === "SIGKILL" ? -Number(child.pid) : Number(child.pid), signal);
      };
      child.stdout.setEncoding("utf8").on("data", (text: string) => {
        run.stdout += text;
        print(text);
      });
      child.stderr.setEncoding("utf8").on("data", print);
      child.on("error", reject);
      child.on("close", (code) => {
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
  get(path: string, app = "members"): Promise<Answer> {
    return ask(this.http, "GET", path, app);
  }

  /** Status of a request that writes a name; a key other than the stack's is refused by the application. */
  async addMember(handle: string, key = this.key): Promise<number> {
    return (await ask(this.http, "POST", "/members", "members", handle, { "x-key": key })).status;
  }

  async members(): Promise<string[]> {
    return JSON.parse((await this.get("/members")).body) as string[];
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
    const containers = await docker.listContainers({ all: true, filters });
    await Promise.all(containers.map(({ Id }) => docker.getContainer(Id).remove({ force: true, v: true })));
    const [networks, { Volumes }] = await Promise.all([docker.listNetworks({ filters }), docker.listVolumes({ filters })]);
    await Promise.all([...networks.map(({ Id }) => docker.getNetwork(Id).remove()), ...Volumes.map(({ Name }) => docker.getVolume(Name).remove())]);
  }
}

/** A request through the Traefik that listens on `port` of 127.0.0.1; fetch would not let the host be named. */
export function ask(port: number, method: string, path: string, app: string, body?: string, more: Record<string, string | undefined> = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const given = { host: `${app}.localhost`, ...(body !== undefined && { "content-type": "application/json", "content-length": `${Buffer.byteLength(body)}` }), ...more };
    const headers = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
    const sent = request({ host: "127.0.0.1", port, method, path, headers, timeout: 30_000, agent: false }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (part: string) => (text += part));
      response.on("end", () => resolve({ status: response.statusCode ?? 0, body: text, headers: response.headers }));
    });
    sent.on("error", reject);
    sent.on("timeout", () => sent.destroy(new Error(`${method} ${path}: no answer within 30 s`)));
    sent.end(body);
  });
}

export interface UpResult {
  engine: string;
  changes: Record<string, number>;
  addresses: Record<string, string>;
  outputs: { imageDigests: Record<string, string>; reach: Record<string, string> };
}

/**
 * A port on 127.0.0.1 that nothing listens on now. By chance, and below those that the kernel gives to connections: who
 * takes ports beside this gets another.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(20_000, 32_000);
    if (await isFree(port)) return port;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const server = createServer().on("error", (error: NodeJS.ErrnoException) => (error.code === "EADDRINUSE" ? resolve(false) : reject(error)));
    server.listen(port, "127.0.0.1", () => void server.close(() => resolve(true)));
  });
}
