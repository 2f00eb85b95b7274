import { spawn } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import type Dockerode from "dockerode";
import { isRunning } from "../engine/lock.ts";
import { type Deployer, type Deployment, type DestroyOptions, type FailedUpdate, type Login, loginOf, type Outcome, type Outputs, type RefreshOptions, type RunOptions } from "./deployer.ts";
import { exitCodes, messageOf, OpsError } from "./exit.ts";
import { enforcePolicy } from "./policy/check.ts";
import type { Project } from "./project.ts";
import { type CliUpdate, failedUpdates } from "./releases/cli-history.ts";
import { noteVariable } from "./releases/note.ts";
import { EventReader } from "./pulumi-events.ts";
import type { Backend } from "./setup/backend.ts";
import type { Cli } from "./setup/pulumi.ts";
import { findStrays, removeStrays } from "./strays.ts";
import { keepingStackFile, stackFileFor } from "./stack-file.ts";

export interface PulumiOptions {
  project: Project;
  stack: string;
  cli: Cli;
  backend: Backend;
  /** The whole environment of the CLI, backend and passphrase included. */
  environment: NodeJS.ProcessEnv;
  /** Told what was repaired before a command could run. */
  onNote: (text: string) => void;
}

/** What the CLI exits with when the stack does not exist. */
const noStack = /no stack named/;

/**
 * Applies a stack by the Pulumi CLI, read through its stream of JSON events. The Automation API does the same with
 * four more processes an update, which doubles the time of one that changes nothing (4.1 instead of 1.9 s).
 */
export class PulumiDeployer implements Deployer {
  readonly engine = "pulumi";
  readonly description: string;
  readonly #options: PulumiOptions;

  constructor(options: PulumiOptions) {
    this.#options = options;
    const { cli, backend } = options;
    this.description = `Pulumi CLI ${cli.version}, state in ${backend.url} (${backend.reason})`;
  }

  async preview(options: RunOptions): Promise<Outcome> {
    await enforcePolicy(this.#options.project, this.#options.stack, options);
    return this.#apply(["preview", ...replacing(options), ...(options.plan === undefined ? [] : ["--save-plan", options.plan])], options);
  }

  async up(options: RunOptions): Promise<Outcome> {
    await enforcePolicy(this.#options.project, this.#options.stack, options);
    const { plan } = options;
    if (plan === undefined) return this.#apply(["up", "--yes", "--skip-preview", ...replacing(options)], options);
    return this.#apply(["up", "--yes", "--skip-preview", ...replacing(options), "--plan", plan], options).catch((error: unknown) => {
      throw /violates plan/.test(messageOf(error)) ? new OpsError(`${messageOf(error)}
The update has stopped there, as it would have gone beyond its plan. What it had done before stays: ./berth preview -s ${this.#options.stack} shows what is left.`) : error;
    });
  }

  async secretOutput(name: string): Promise<unknown> {
    const { code, out, error } = await this.#spawn(["stack", "output", "--json", "--show-secrets", ...this.#stack()]);
    if (code === 0) return (JSON.parse(out) as Record<string, unknown>)[name];
    if (noStack.test(error)) return undefined;
    throw failure("stack output", error);
  }

  async failedUpdates(): Promise<FailedUpdate[]> {
    const { code, out, error } = await this.#spawn(["stack", "history", "--json", "--page-size", "100", ...this.#stack()]);
    if (code === 0) return failedUpdates(JSON.parse(out || "[]") as CliUpdate[] | null);
    if (noStack.test(error)) return [];
    throw failure("stack history", error);
  }

  refresh({ only = [], readOnly, ...options }: RefreshOptions): Promise<Outcome> {
    const targets = only.flatMap((urn) => ["--target", urn]);
    return this.#apply(["refresh", ...(readOnly === true ? ["--preview-only"] : ["--yes", "--skip-preview"]), ...targets], options);
  }

  async destroy(options: DestroyOptions): Promise<Outcome> {
    const state = await this.state();
    if ((state.resources ?? []).length === 0) return { changes: {}, outputs: {} };
    if (options.includeProtected) await this.#run(["state", "unprotect", "--all", "--yes"]);
    const protectedStay = options.includeProtected ? [] : ["--exclude-protected"];
    return this.#apply(["destroy", "--yes", "--skip-preview", ...protectedStay], options);
  }

  async outputs(): Promise<Outputs> {
    const stack = (await this.state()).resources?.find(({ type }) => type === "pulumi:pulumi:Stack");
    return EventReader.outputs(stack?.outputs ?? {});
  }

  async state(): Promise<Deployment> {
    return (await this.#export([]))?.deployment ?? {};
  }

  /**
   * The engine records each creation before it begins. What such a record names, and nothing else, may exist
   * without being in the state. Importing takes the lock, so the first import proves that no update is running.
   */
  async recover(docker: Dockerode, before: Deployment): Promise<string[]> {
    if ((before.pending_operations ?? []).length === 0) return [];
    const exported = await this.#export([]);
    const state = exported?.deployment;
    if (exported === undefined || state === undefined) return [];
    await this.#import(exported);
    const removed = await removeStrays(docker, await findStrays(docker, this.#options.stack, state));
    await this.#import({ ...exported, deployment: { ...state, pending_operations: [] } });
    return removed;
  }

  async login(address: string): Promise<Login | undefined> {
    return loginOf((await this.#export(["--show-secrets"]))?.deployment ?? {}, address);
  }

  /** Undefined where there is no such stack yet. */
  async #export(flags: string[]): Promise<{ deployment?: Deployment } | undefined> {
    const { code, out, error } = await this.#spawn(["stack", "export", ...flags, ...this.#stack()]);
    if (code === 0) return JSON.parse(out) as { deployment?: Deployment };
    if (noStack.test(error)) return undefined;
    throw failure("stack export", error);
  }

  /** Secrets are encrypted in what is imported, as they are in the state. */
  async #import(exported: { deployment?: Deployment }, retries = 1): Promise<void> {
    const file = this.#options.project.generated("stacks", `${this.#options.stack}.import.json`);
    writeFileSync(file, JSON.stringify(exported), { mode: 0o600 });
    try {
      const { code, error } = await this.#spawn(["stack", "import", "--file", file, ...this.#stack()]);
      if (code === 0) return;
      if (retries === 0 || !(await this.#releaseDeadLock(error))) throw failure("stack import", error);
    } finally {
      rmSync(file);
    }
    await this.#import(exported, retries - 1);
  }

  async #apply(command: string[], options: RunOptions, retries = 1): Promise<Outcome> {
    const reader = new EventReader(options.onEvent, command[0] === "preview" || command[0] === "refresh");
    const file = stackFileFor(this.#options.project, this.#options.stack);
    const args = [...command, "--json", "--config-file", file, ...this.#stack()];
    const { code, error } = await this.#spawn(args, options.signal, (line) => reader.read(line), noteVariable(options.note));
    if (code === 0) return reader.outcome();
    if (options.signal?.aborted === true) {
      throw new OpsError("interrupted; what was begun is recorded, and the next run goes on from there", exitCodes.interrupted);
    }
    if (retries > 0 && noStack.test(error)) {
      await this.#create();
      return this.#apply(command, options, retries - 1);
    }
    if (retries > 0 && (await this.#releaseDeadLock(error))) return this.#apply(command, options, retries - 1);
    throw failure(command[0] ?? "", [...reader.errors, ...(reader.errors.length === 0 ? [error] : [])].join("\n"));
  }

  #create(): Promise<void> {
    const { project, stack } = this.#options;
    return keepingStackFile(project, stack, () => this.#run(["stack", "init", "--no-select"]));
  }

  /** A lock in a folder outlives a killed `pulumi up`. It is lifted only where its process ran here and is gone. */
  async #releaseDeadLock(message: string): Promise<boolean> {
    const holders = lockHolders(message);
    if (holders.length === 0 || holders.some(({ host }) => host !== hostname())) return false;
    if ((await Promise.all(holders.map(({ pid }) => hasEnded(pid)))).includes(false)) return false;
    await this.#run(["cancel", "--yes"]);
    this.#options.onNote(`the lock of process ${holders.map(({ pid }) => pid).join(", ")}, which was killed, is lifted`);
    return true;
  }

  async #run(command: string[]): Promise<void> {
    const { code, error } = await this.#spawn([...command, ...this.#stack()]);
    if (code !== 0) throw failure(command.join(" "), error);
  }

  #stack(): string[] {
    return ["--stack", this.#options.stack];
  }

  #spawn(args: string[], signal?: AbortSignal, onLine?: (line: string) => void, variables: Record<string, string> = {}): Promise<{ code: number; out: string; error: string }> {
    const { cli, project, environment } = this.#options;
    return new Promise((resolve, reject) => {
      const all = [...args, "--non-interactive", "--color", "never"];
      const child = spawn(cli.command, all, { cwd: project.folder, env: { ...environment, ...variables }, stdio: ["ignore", "pipe", "pipe"] });
      // A Ctrl-C on a terminal reaches the CLI by itself, and a second one would make it stop halfway.
      const stop = () => signal?.reason === "SIGINT" && process.stdin.isTTY ? undefined : child.kill("SIGINT");
      signal?.addEventListener("abort", stop, { once: true });
      let [out, error] = ["", ""];
      if (onLine === undefined) child.stdout.setEncoding("utf8").on("data", (text: string) => (out += text));
      else createInterface({ input: child.stdout }).on("line", onLine);
      child.stderr.setEncoding("utf8").on("data", (text: string) => (error += text));
      child.on("error", reject);
      child.on("close", (code) => {
        signal?.removeEventListener("abort", stop);
        resolve({ code: code ?? 1, out, error });
      });
    });
  }
}

function replacing({ replace = [] }: RunOptions): string[] {
  return replace.flatMap((urn) => ["--replace", urn]);
}

function failure(command: string, text: string): OpsError {
  const holders = lockHolders(text);
  if (holders.length === 0) return new OpsError(text.replace(/^error: /gm, "").trim() || `pulumi ${command} failed`);
  const list = holders.map(({ user, host, pid }) => `process ${pid} of ${user} on ${host}`).join(", ");
  return new OpsError(`the stack is being changed by ${list}: wait until it has ended and run this again`);
}

/** Who holds the lock of a stack in a folder or bucket, as the CLI's message says. */
export function lockHolders(text: string): { user: string; host: string; pid: number }[] {
  return [...text.matchAll(/created by (\S+?)@(\S+) \(pid (\d+)\)/g)].map(([, user = "", host = "", pid = ""]) => ({ user, host, pid: Number(pid) }));
}

/** Whether a process has ended, or does so at once: one that was killed a moment ago takes a while to go. */
async function hasEnded(pid: number): Promise<boolean> {
  for (const deadline = Date.now() + 2000; isRunning(pid); await delay(50)) {
    if (Date.now() > deadline) return false;
  }
  return true;
}
