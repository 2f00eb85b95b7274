import { addAbortListener } from "node:events";
import { execa } from "execa";
import { exitCodes, OpsError } from "../exit.ts";
import type { Project } from "../project.ts";
import type { Cli } from "../setup/pulumi.ts";
import { heldBy, lockHolders } from "./lock-holders.ts";

/** What the CLI exits with when the stack does not exist. */
export const noStack = /no stack named/;

export interface CliRun {
  code: number;
  /** Empty where `onLine` took it. */
  out: string;
  error: string;
}

export interface CliOptions {
  /** SIGINT goes to the CLI: it ends what it has begun. */
  signal?: AbortSignal | undefined;
  /** Takes each line of the standard output. */
  onLine?: (line: string) => void;
  /** Beside the environment that all commands have. @default none */
  variables?: Record<string, string>;
}

/** The Pulumi CLI in a project's folder, each command with an environment that names backend and passphrase. */
export class PulumiCli {
  readonly #cli: Cli;
  readonly #project: Project;
  readonly #stack: string;
  readonly #environment: NodeJS.ProcessEnv;

  constructor({ cli, project, stack, environment }: { cli: Cli; project: Project; stack: string; environment: NodeJS.ProcessEnv }) {
    this.#cli = cli;
    this.#project = project;
    this.#stack = stack;
    this.#environment = environment;
  }

  /** Runs a command on the stack, whatever it ends with. @throws OpsError where it can't be started, or `signal` was aborted before. */
  async run(args: readonly string[], { signal, onLine, variables = {} }: CliOptions = {}): Promise<CliRun> {
    // execa starts the program first, and stops it then.
    if (signal?.aborted === true) throw new OpsError("interrupted; nothing was begun", exitCodes.interrupted);
    const child = execa(this.#cli.command, [...args, "--stack", this.#stack, "--non-interactive", "--color", "never"], {
      cwd: this.#project.folder,
      env: { ...this.#environment, ...variables },
      extendEnv: false,
      stdin: "ignore",
      buffer: { stdout: onLine === undefined },
      maxBuffer: Infinity,
      reject: false,
      stripFinalNewline: false,
      // What it has begun takes its time to end.
      forceKillAfterDelay: false,
    });
    // A Ctrl-C on a terminal reaches the CLI by itself, and a second one would make it stop halfway.
    const stop = () => (signal?.reason === "SIGINT" && process.stdin.isTTY ? undefined : child.kill("SIGINT"));
    using _ = signal && addAbortListener(signal, stop);
    if (onLine !== undefined) for await (const line of child.iterable()) onLine(line);
    const { exitCode, signal: killedBy, stdout = "", stderr, shortMessage } = await child;
    if (exitCode === undefined && killedBy === undefined) throw new OpsError(shortMessage ?? "");
    return { code: exitCode ?? exitCodes.failed, out: stdout, error: stderr };
  }

  /** Runs a command that must succeed. @throws OpsError with what it said */
  async must(command: readonly string[]): Promise<void> {
    const { code, error } = await this.run(command);
    if (code !== 0) throw this.failure(command.join(" "), error);
  }

  /** The JSON that a command prints; undefined where there is no such stack yet. @throws OpsError with what it said */
  async json(command: readonly string[]): Promise<unknown> {
    const { code, out, error } = await this.run(command);
    if (code === 0) return JSON.parse(out || "null");
    if (noStack.test(error)) return undefined;
    throw this.failure(command.filter((word) => !word.startsWith("-")).join(" "), error);
  }

  /** The error of a command that said `text`; where another update holds the stack's lock, who that is. */
  failure(command: string, text: string): OpsError {
    const holders = lockHolders(text);
    if (holders.length > 0) return new OpsError(heldBy(holders, this.#stack));
    return new OpsError(text.replace(/^error: /gm, "").trim() || `pulumi ${command} failed`);
  }
}
