import { dirname } from "node:path";
import { closest, divide, parseArguments } from "./arguments.ts";
import type { Commands } from "./command.ts";
import { codeOf, exitCodes, messageOf, OpsError, usageError } from "./exit.ts";
import { contextHost } from "../docker/context.ts";
import { commandHelp, overview } from "./help.ts";
import { Project } from "./project.ts";
import { secretsOf } from "./redact.ts";
import { Terminal } from "./terminal.ts";
import { version } from "./version.ts";

/** Runs the command that this process was started for, and sets the exit code. */
export async function main(commands: Commands): Promise<void> {
  const terminal = new Terminal(process.stdout, process.stderr, process.env);
  // `berth logs | head` ends when its reader does.
  process.stdout.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? exitCodes.ok : exitCodes.failed));
  for (const secret of secretsOf(process.env)) terminal.redactor.hide(secret);
  const interrupted = new AbortController();
  try {
    process.exitCode = await run(commands, process.argv.slice(2), terminal, interrupted);
  } catch (error) {
    // Whatever an interruption made fail, and however: that is why.
    const known = interrupted.signal.aborted ? exitCodes.interrupted : codeOf(error);
    const message = known === undefined && error instanceof Error ? (error.stack ?? error.message) : messageOf(error);
    const code = known ?? exitCodes.failed;
    terminal.line(`${terminal.style("red", "error:")} ${message}`);
    if (process.argv.includes("--json")) terminal.json({ error: message, code, ...(error instanceof OpsError && error.facts) });
    process.exitCode = code;
    // Nobody waits for what was only asked and has not answered.
    if (interrupted.signal.aborted) process.exit(code);
  }
}

async function run(commands: Commands, args: string[], terminal: Terminal, interrupted: AbortController): Promise<number> {
  const [name = "--help", ...rest] = args;
  if (name === "--help" || name === "-h" || name === "help") {
    terminal.result(overview(commands));
    return exitCodes.ok;
  }
  if (name === "--version" || name === "version") {
    terminal.result(await version(dirname(import.meta.dirname)));
    return exitCodes.ok;
  }
  const entry = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (entry === undefined) {
    const near = closest(name, Object.keys(commands));
    throw usageError(`berth has no command "${name}": ${near === undefined ? "see ./berth --help" : `did you mean ${near}?`}`);
  }
  const { command } = await entry.load();
  const syntax = { name, options: command.options, positionals: command.positionals, rest: command.rest };
  const { own } = divide(syntax, rest);
  if (own.includes("--help") || own.includes("-h")) {
    terminal.result(commandHelp(name, command));
    return exitCodes.ok;
  }
  const parsed = parseArguments(syntax, rest);
  // One place for all that talks to Docker: this process, the Pulumi CLI with its provider, and docker itself.
  const host = contextHost(process.env);
  if (host !== undefined) process.env["DOCKER_HOST"] = host;
  const project = new Project(dirname(import.meta.dirname));
  return command.run({ project, terminal, environment: process.env, signal: interruption(terminal, interrupted), commands }, parsed);
}

/** The first Ctrl-C stops in good order, the second at once. */
function interruption(terminal: Terminal, controller: AbortController): AbortSignal {
  const stop = (signal: NodeJS.Signals) => {
    if (controller.signal.aborted) process.exit(exitCodes.interrupted);
    terminal.line("stopping in good order; once more stops at once");
    controller.abort(signal);
  };
  process.on("SIGINT", stop);
  process.on("SIGTERM", stop);
  return controller.signal;
}
