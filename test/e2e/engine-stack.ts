import { execFileSync, spawn, spawnSync, type ChildProcess } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { stringify } from "yaml";
import { EngineError, destroy, preview, refresh, up, type Summary } from "../../engine/index.ts";
import { Crypter } from "../../engine/secrets.ts";

/** One resource of the test program. Values may be `{$ref: "resource.output"}` or `{$secret: "config key"}`. */
export interface Item {
  type: string;
  name: string;
  args?: Record<string, unknown>;
  opts?: Record<string, unknown>;
  dependsOn?: string[];
}

/** What a run came to, on either engine. `changes` leaves out what did not happen. */
export interface Outcome {
  ok: boolean;
  changes: Record<string, number>;
  text: string;
}

export interface Engine {
  name: "embedded" | "pulumi";
  up: (options?: { refresh?: boolean }) => Promise<Outcome>;
  preview: () => Promise<Outcome>;
  refresh: () => Promise<Outcome>;
  /** Deletes what is not protected. */
  down: () => Promise<Outcome>;
  /** Begins an `up` in a process of its own, to be killed. */
  begin: () => ChildProcess;
  /** The state as it is on disk. */
  state: () => string;
  outputs: () => Record<string, unknown>;
}

const REPOSITORY = resolve(import.meta.dirname, "../..");
const PASSPHRASE = "a passphrase for tests";
/** The image that test containers run. */
export const IMAGE = "debian:trixie-slim";

const PROGRAM = `
import * as build from "@pulumi/docker-build";
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
const config = new pulumi.Config();
const items = config.requireObject("items");
const made = {};
const types = { Container: docker.Container, Network: docker.Network, Volume: docker.Volume, RemoteImage: docker.RemoteImage, Build: build.Image, Password: random.RandomPassword, Id: random.RandomId, Provider: docker.Provider };
class Group extends pulumi.ComponentResource { constructor(name, opts) { super("test:index:Group", name, {}, opts); this.registerOutputs({}); } }
function value(raw) {
  if (Array.isArray(raw)) return raw.map(value);
  if (raw === null || typeof raw !== "object") return raw;
  if (raw.$ref) { const [name, output] = raw.$ref.split("."); return made[name][output]; }
  if (raw.$secret) return config.requireSecret(raw.$secret);
  return Object.fromEntries(Object.entries(raw).map(([key, item]) => [key, value(item)]));
}
for (const { type, name, args = {}, opts = {}, dependsOn = [] } of items) {
  const options = { ...opts, dependsOn: dependsOn.map((other) => made[other]), ...(opts.parent ? { parent: made[opts.parent] } : {}), ...(opts.provider ? { provider: made[opts.provider] } : {}) };
  made[name] = type === "Group" ? new Group(name, options) : new types[type](name, value(args), options);
}
export const names = Object.fromEntries(Object.entries(made).map(([key, resource]) => [key, resource.name ?? null]));
export const exits = Object.fromEntries(Object.entries(made).map(([key, resource]) => [key, resource.exitCode ?? null]));
export const logs = Object.fromEntries(Object.entries(made).map(([key, resource]) => [key, resource.containerLogs ?? null]));
`;

/** A stack of its own in a temporary folder. Everything of it has `prefix` in its name and goes away with `dispose`. */
export class TestStack {
  readonly prefix = `engt-${randomBytes(3).toString("hex")}`;
  readonly folder = mkdtempSync(join(tmpdir(), "engt-"));
  readonly stateFile = join(this.folder, ".berth/embedded/dev.json");
  #secrets: Record<string, string> = {};

  constructor() {
    writeFileSync(join(this.folder, "Pulumi.yaml"), `name: ${this.prefix}\nruntime: {name: nodejs, options: {typescript: false}}\nmain: index.ts\n`);
    writeFileSync(join(this.folder, "package.json"), '{"name":"engt","version":"0.0.0","type":"module"}');
    writeFileSync(join(this.folder, "index.ts"), PROGRAM);
    symlinkSync(join(REPOSITORY, "node_modules"), join(this.folder, "node_modules"));
  }

  /** Encrypts configuration values; call before `write`. */
  async setSecrets(values: Record<string, string>): Promise<void> {
    const crypter = await Crypter.create(PASSPHRASE);
    this.#secrets = Object.fromEntries(Object.entries(values).map(([key, text]) => [key, crypter.encrypt(text)]));
    this.#salt = crypter.salt;
  }
  #salt: string | undefined;

  write(items: Item[]): void {
    const secure = Object.entries(this.#secrets).map(([key, text]) => [`${this.prefix}:${key}`, { secure: text }]);
    const path = join(this.folder, "Pulumi.dev.yaml");
    const salt = this.#salt ?? (existsSync(path) ? /^encryptionsalt: (.*)$/m.exec(readFileSync(path, "utf8"))?.[1] : undefined);
    writeFileSync(path, stringify({ ...(salt === undefined ? {} : { encryptionsalt: salt }), config: { [`${this.prefix}:items`]: items, ...Object.fromEntries(secure) } }));
  }

  /** The containers of this stack that exist, running or not. */
  containers(): { name: string; id: string; state: string }[] {
    const text = execFileSync("docker", ["ps", "-a", "--no-trunc", "--filter", `name=${this.prefix}`, "--format", "{{.Names}} {{.ID}} {{.State}}"], { encoding: "utf8" });
    return text.split("\n").filter(Boolean).sort().map((line) => {
      const [name = "", id = "", state = ""] = line.split(" ");
      return { name, id, state };
    });
  }

  inspect(name: string): string {
    return execFileSync("docker", ["inspect", name], { encoding: "utf8" });
  }

  /** Where the CLI keeps things for this stack, and the Node that it runs the program with. */
  pulumiEnvironment(): NodeJS.ProcessEnv {
    return {
      ...process.env,
      PULUMI_BACKEND_URL: `file://${join(this.folder, ".berth/state")}`,
      PULUMI_CONFIG_PASSPHRASE: PASSPHRASE,
      PULUMI_HOME: join(this.folder, ".berth/home"),
      PULUMI_SKIP_UPDATE_CHECK: "true",
      PATH: `${join(process.execPath, "..")}:${process.env["PATH"] ?? ""}`,
    };
  }

  dispose(): void {
    const remove = (list: string[], command: string[]): void => {
      const found = spawnSync("docker", list, { encoding: "utf8" }).stdout.split("\n").filter(Boolean);
      if (found.length > 0) {
        spawnSync("docker", [...command, ...found]);
      }
    };
    remove(["ps", "-aq", "--filter", `name=${this.prefix}`], ["rm", "-f", "-v"]);
    remove(["network", "ls", "-q", "--filter", `name=${this.prefix}`], ["network", "rm"]);
    remove(["volume", "ls", "-q", "--filter", `name=${this.prefix}`], ["volume", "rm"]);
    remove(["images", "--format", "{{.ID}}", "--filter", `reference=*/${this.prefix}/*`], ["rmi", "-f"]);
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** The engines that this machine has: the embedded one, and the Pulumi CLI when it is on PATH. */
export function hasPulumi(): boolean {
  return spawnSync("pulumi", ["version"]).status === 0;
}

export function hasDocker(): boolean {
  return spawnSync("docker", ["image", "inspect", IMAGE]).status === 0;
}

export function embedded(stack: TestStack): Engine {
  const options = { projectDir: stack.folder, stack: "dev", passphrase: PASSPHRASE, stateFile: stack.stateFile };
  const outcome = async (job: (events: string[]) => Promise<Summary>): Promise<Outcome> => {
    const events: string[] = [];
    try {
      const summary = await job(events);
      const changes = Object.fromEntries(Object.entries(summary.changes).filter(([, count]) => count > 0));
      return { ok: true, changes, text: events.join("\n") };
    } catch (error) {
      return { ok: false, changes: {}, text: [...events, ...(error instanceof EngineError ? error.messages : [String(error)])].join("\n") };
    }
  };
  const watched = (events: string[]): typeof options & { onEvent: (event: object) => void } => ({ ...options, onEvent: (event) => events.push(JSON.stringify(event)) });
  return {
    name: "embedded",
    up: ({ refresh: first = false } = {}) => outcome(async (events) => {
      if (first) {
        await refresh(watched(events));
      }
      return up(watched(events));
    }),
    preview: () => outcome((events) => preview(watched(events))),
    refresh: () => outcome((events) => refresh(watched(events))),
    down: () => outcome((events) => destroy(watched(events), { keepProtected: true })),
    begin() {
      const script = `const { up } = await import(${JSON.stringify(join(REPOSITORY, "engine/index.ts"))}); await up(${JSON.stringify(options)});`;
      return spawn(process.execPath, ["--input-type=module", "-e", script], { stdio: "ignore" });
    },
    state: () => readFileSync(stack.stateFile, "utf8"),
    outputs() {
      const file = JSON.parse(readFileSync(stack.stateFile, "utf8")) as { deployment: { resources: { type: string; outputs: Record<string, unknown> }[] } };
      return file.deployment.resources.find((resource) => resource.type === "pulumi:pulumi:Stack")?.outputs ?? {};
    },
  };
}

/** The Pulumi CLI with a state backend inside the stack's folder. */
export function pulumi(stack: TestStack): Engine {
  const backend = join(stack.folder, ".berth/state");
  mkdirSync(backend, { recursive: true });
  const env = stack.pulumiEnvironment();
  const call = (args: string[]): { status: number | null; text: string } => {
    const { status, stdout, stderr } = spawnSync("pulumi", [...args, "--non-interactive"], { cwd: stack.folder, env, encoding: "utf8", maxBuffer: 64 << 20 });
    return { status, text: stdout + stderr };
  };
  const outcome = (args: string[]): Promise<Outcome> => {
    const { status, text } = call(args);
    const counts = [...text.matchAll(/"(?:resourceChanges|changeSummary)":\s*(\{[^}]*\})/g)].at(-1)?.[1] ?? "{}";
    return Promise.resolve({ ok: status === 0, changes: JSON.parse(counts) as Record<string, number>, text });
  };
  const created = call(["stack", "init", "dev"]);
  if (created.status !== 0) {
    throw new Error(created.text);
  }
  return {
    name: "pulumi",
    up: ({ refresh: first = false } = {}) => outcome(["up", "--yes", "--skip-preview", "--json", ...(first ? ["--refresh"] : [])]),
    preview: () => outcome(["preview", "--json"]),
    refresh: () => outcome(["refresh", "--yes", "--skip-preview", "--json"]),
    down: () => outcome(["destroy", "--yes", "--skip-preview", "--json", "--exclude-protected"]),
    begin: () => spawn("pulumi", ["up", "--yes", "--skip-preview", "--non-interactive"], { cwd: stack.folder, env, stdio: "ignore", detached: true }),
    state: () => call(["stack", "export"]).text,
    outputs: () => JSON.parse(call(["stack", "output", "--json"]).text) as Record<string, unknown>,
  };
}

/** What a `preview --json` of the CLI would change, and why. */
export function differences(text: string): string {
  const { steps } = JSON.parse(text.slice(text.indexOf("{"), text.lastIndexOf("}") + 1)) as { steps: { op: string; urn: string; detailedDiff?: unknown; diffReasons?: unknown }[] };
  return JSON.stringify(steps.filter(({ op }) => op !== "same").map(({ op, urn, detailedDiff, diffReasons }) => ({ op, urn, diffReasons, detailedDiff })));
}
