import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { EngineError, destroy, preview, refresh, up, type StepEvent, type Summary } from "../../../engine/index.ts";
import { Crypter } from "../../../pulumi/secrets.ts";
import { IMAGE, PASSPHRASE, REPOSITORY, type TestStack } from "./stack.ts";

/** What a run came to, on either engine. `changes` leaves out what did not happen. */
export interface Outcome {
  ok: boolean;
  changes: Record<string, number>;
  /** Of a preview: operation and resource of each step that would change something. */
  steps: [op: string, name: string][];
  text: string;
}

/** An update in a process of its own. */
export interface Running {
  ended: () => boolean;
  /** By SIGKILL, with all that it started; comes back when it is gone. */
  kill: () => Promise<void>;
}

export interface Engine {
  name: "embedded" | "pulumi";
  up: (options?: { refresh?: boolean; targets?: string[] }) => Promise<Outcome>;
  preview: (options?: { exclude?: string[] }) => Promise<Outcome>;
  refresh: () => Promise<Outcome>;
  /** Deletes what is not protected. */
  down: () => Promise<Outcome>;
  /** Begins an `up` in a process of its own, to be killed. */
  begin: () => Running;
  /** The state as it is on disk, or as the CLI exports it. */
  state: () => Promise<string>;
  outputs: () => Promise<Record<string, unknown>>;
  /** One output in plain text. */
  revealed: (name: string) => Promise<unknown>;
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
  const outcome = async (job: (events: StepEvent[]) => Promise<Summary>): Promise<Outcome> => {
    const events: StepEvent[] = [];
    const text = (...more: string[]) => [...events.map((event) => JSON.stringify(event)), ...more].join("\n");
    try {
      const summary = await job(events);
      const changes = Object.fromEntries(Object.entries(summary.changes).filter(([, count]) => count > 0));
      // The deletion in a replacement is a part of it.
      const steps = events.filter(({ phase, op, diff }) => phase === "done" && shown.has(op) && diff?.[0] !== "replaced");
      return { ok: true, changes, steps: steps.map(({ op, name }) => [op, name]), text: text() };
    } catch (error) {
      return { ok: false, changes: {}, steps: [], text: text(...(error instanceof EngineError ? error.messages : [String(error)])) };
    }
  };
  const watched = (events: StepEvent[]): typeof options & { onEvent: (event: StepEvent) => void } => ({ ...options, onEvent: (event) => void events.push(event) });
  const stackOutputs = () => {
    const file = JSON.parse(readFileSync(stack.stateFile, "utf8")) as { deployment: { resources: { type: string; outputs: Record<string, unknown> }[] } };
    return file.deployment.resources.find((resource) => resource.type === "pulumi:pulumi:Stack")?.outputs ?? {};
  };
  return {
    name: "embedded",
    up: ({ refresh: first = false, ...only } = {}) => outcome(async (events) => {
      if (first) {
        await refresh(watched(events));
      }
      return up({ ...watched(events), ...only });
    }),
    preview: (only = {}) => outcome((events) => preview({ ...watched(events), ...only })),
    refresh: () => outcome((events) => refresh(watched(events))),
    down: () => outcome((events) => destroy(watched(events), { keepProtected: true })),
    begin() {
      // A file: the engine's worker refuses the flags that a program in an argument takes.
      const script = join(stack.folder, "begin.ts");
      writeFileSync(script, `const { up } = await import(${JSON.stringify(join(REPOSITORY, "engine/index.ts"))}); await up(${JSON.stringify(options)});\n`);
      return running(spawn(process.execPath, [script], { stdio: "ignore", detached: true }));
    },
    state: () => Promise.resolve(readFileSync(stack.stateFile, "utf8")),
    outputs: () => Promise.resolve(stackOutputs()),
    async revealed(name) {
      const { deployment } = JSON.parse(readFileSync(stack.stateFile, "utf8")) as { deployment: { secrets_providers: { state: { salt: string } } } };
      const crypter = await Crypter.open(PASSPHRASE, deployment.secrets_providers.state.salt);
      return JSON.parse(crypter.decrypt((stackOutputs()[name] as { ciphertext: string }).ciphertext)) as unknown;
    },
  };
}

/** Operations that change something. */
const shown = new Set(["create", "update", "replace", "delete"]);

/** A process that leads a group of its own. */
function running(child: ChildProcess): Running {
  const gone = once(child, "exit");
  const ended = () => child.exitCode !== null || child.signalCode !== null;
  return {
    ended,
    async kill() {
      if (!ended()) process.kill(-Number(child.pid), "SIGKILL");
      await gone;
    },
  };
}

/** The Pulumi CLI with a state backend inside the stack's folder. */
export function pulumi(stack: TestStack): Engine {
  const backend = join(stack.folder, ".berth/state");
  mkdirSync(backend, { recursive: true });
  const env = stack.pulumiEnvironment();
  const run = async (args: string[]): Promise<{ ok: boolean; stdout: string; text: string }> => {
    const { failed, stdout, stderr } = await execa("pulumi", [...args, "--non-interactive"], { cwd: stack.folder, env, extendEnv: false, stdin: "ignore", reject: false, maxBuffer: 64 << 20 });
    return { ok: !failed, stdout, text: stdout + stderr };
  };
  // Before anything else, as it writes the stack file's salt.
  const created = spawnSync("pulumi", ["stack", "select", "--create", "dev", "--non-interactive"], { cwd: stack.folder, env, encoding: "utf8" });
  if (created.status !== 0) throw new Error(created.stdout + created.stderr);
  const outcome = async (args: string[]): Promise<Outcome> => {
    const { ok, text } = await run(args);
    const counts = [...text.matchAll(/"(?:resourceChanges|changeSummary)":\s*(\{[^}]*\})/g)].at(-1)?.[1] ?? "{}";
    return { ok, changes: JSON.parse(counts) as Record<string, number>, steps: args[0] === "preview" && ok ? stepsOf(text) : [], text };
  };
  return {
    name: "pulumi",
    up: ({ refresh: first = false, targets = [] } = {}) => outcome(["up", "--yes", "--skip-preview", "--json", ...(first ? ["--refresh"] : []), ...targets.flatMap((urn) => ["--target", urn])]),
    preview: ({ exclude = [] } = {}) => outcome(["preview", "--json", ...exclude.flatMap((urn) => ["--exclude", urn])]),
    refresh: () => outcome(["refresh", "--yes", "--skip-preview", "--json"]),
    down: () => outcome(["destroy", "--yes", "--skip-preview", "--json", "--exclude-protected"]),
    begin: () => running(spawn("pulumi", ["up", "--yes", "--skip-preview", "--non-interactive"], { cwd: stack.folder, env, stdio: "ignore", detached: true })),
    state: async () => (await run(["stack", "export"])).stdout,
    outputs: async () => JSON.parse((await run(["stack", "output", "--json"])).stdout) as Record<string, unknown>,
    revealed: async (name) => (JSON.parse((await run(["stack", "output", "--json", "--show-secrets"])).stdout) as Record<string, unknown>)[name],
  };
}

function stepsOf(text: string): Outcome["steps"] {
  const { steps } = JSON.parse(text.slice(text.indexOf("{"), text.lastIndexOf("}") + 1)) as { steps: { op: string; urn: string }[] };
  return steps.filter(({ op }) => shown.has(op)).map(({ op, urn }) => [op, urn.slice(urn.lastIndexOf("::") + 2)]);
}

/** What a `preview --json` of the CLI would change, and why. */
export function differences(text: string): string {
  const { steps } = JSON.parse(text.slice(text.indexOf("{"), text.lastIndexOf("}") + 1)) as { steps: { op: string; urn: string; detailedDiff?: unknown; diffReasons?: unknown }[] };
  return JSON.stringify(steps.filter(({ op }) => op !== "same").map(({ op, urn, detailedDiff, diffReasons }) => ({ op, urn, diffReasons, detailedDiff })));
}
