import { dirname } from "node:path";
import { closest, divide, parseArguments } from "./arguments.ts";
import type { Command } from "./command.ts";
import { exitCodes, messageOf, OpsError, usageError } from "./exit.ts";
import { commandHelp, overview } from "./help.ts";
import { Project } from "./project.ts";
import { secretsOf } from "./redact.ts";
import { Terminal } from "./terminal.ts";

/** Loaded when they are called, so that the help of one does not wait for the packages of another. */
const commands: Record<string, { summary: string; load: () => Promise<{ command: Command }> }> = {
  up: { summary: "set up this machine, apply a stack, wait until it answers", load: () => import("./commands/up.ts") },
  down: { summary: "remove a stack; its data stays unless --volumes is given", load: () => import("./commands/down.ts") },
  status: { summary: "containers of a stack and its addresses", load: () => import("./commands/status.ts") },
  logs: { summary: "what the containers print, each line with its part's name", load: () => import("./commands/logs.ts") },
  exec: { summary: "a command or a shell in a running container", load: () => import("./commands/exec.ts") },
  psql: { summary: "psql in an application's database, or as the superuser", load: () => import("./commands/psql.ts") },
  redis: { summary: "redis-cli as an application's user, or as the admin", load: () => import("./commands/redis.ts") },
  run: { summary: "a command in a container of its own, like an application's", load: () => import("./commands/run.ts") },
  schedules: { summary: "scheduled jobs: when they ran, how it ended, when they run next", load: () => import("./commands/schedules.ts") },
  new: { summary: "a new application that runs at once, from a template", load: () => import("./commands/new.ts") },
  init: { summary: "an application from a repository with a Dockerfile", load: () => import("./commands/init.ts") },
  backup: { summary: "back up Postgres now; list, verify or try the backups", load: () => import("./commands/backup.ts") },
  restore: { summary: "Postgres as it was, restored aside first, then put in place", load: () => import("./commands/restore.ts") },
  preview: { summary: "what up would change, without changing it", load: () => import("./commands/preview.ts") },
  drift: { summary: "what differs from the state, and how to repair it; changes nothing", load: () => import("./commands/drift.ts") },
  releases: { summary: "what was deployed: when, by whom, what changed, how it ended", load: () => import("./commands/releases.ts") },
  rollback: { summary: "back to an earlier release: its images, configuration and secrets", load: () => import("./commands/rollback.ts") },
  promote: { summary: "take what runs in one stack to another, as a change to review", load: () => import("./commands/promote.ts") },
  doctor: { summary: "what this machine has and lacks; changes nothing", load: () => import("./commands/doctor.ts") },
  secret: { summary: "set an encrypted secret in a stack file", load: () => import("./commands/secret.ts") },
  push: { summary: "add the tags latest, date, git ref and commit to an image", load: () => import("./commands/push.ts") },
  images: { summary: "lock the platform images' digests, check the images, or their sizes", load: () => import("./commands/images.ts") },
  scan: { summary: "scan a stack's images for critical known weaknesses", load: () => import("./commands/scan.ts") },
  identity: { summary: "on a machine of CI: the SSH key and host keys from the environment", load: () => import("./commands/identity.ts") },
  notes: { summary: "what CHANGELOG.md says of a version, for a release", load: () => import("./commands/notes.ts") },
  test: { summary: "lint, types, unit, component and end-to-end tests", load: () => import("./commands/test.ts") },
};

async function main(args: string[], terminal: Terminal): Promise<number> {
  const [name = "--help", ...rest] = args;
  if (name === "--help" || name === "-h" || name === "help") {
    terminal.result(overview(commands));
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
  const project = new Project(dirname(import.meta.dirname));
  return command.run({ project, terminal, environment: process.env, signal: interruption(terminal) }, parsed);
}

/** The first Ctrl-C stops in good order, the second at once. */
function interruption(terminal: Terminal): AbortSignal {
  const controller = new AbortController();
  const stop = (signal: NodeJS.Signals) => {
    if (controller.signal.aborted) process.exit(exitCodes.interrupted);
    terminal.line("stopping in good order; once more stops at once");
    controller.abort(signal);
  };
  process.on("SIGINT", stop);
  process.on("SIGTERM", stop);
  return controller.signal;
}

const terminal = new Terminal(process.stdout, process.stderr, process.env);
// `berth logs | head` ends when its reader does.
process.stdout.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? exitCodes.ok : exitCodes.failed));
for (const secret of secretsOf(process.env)) terminal.redactor.hide(secret);
try {
  process.exitCode = await main(process.argv.slice(2), terminal);
} catch (error) {
  const known = error instanceof OpsError || (error instanceof Error && error.name === "SetupError");
  const message = known || !(error instanceof Error) ? messageOf(error) : (error.stack ?? error.message);
  const code = error instanceof OpsError ? error.code : known ? exitCodes.requirement : exitCodes.failed;
  terminal.line(`${terminal.style("red", "error:")} ${message}`);
  if (process.argv.includes("--json")) terminal.json({ error: message, code, ...(error instanceof OpsError && error.facts) });
  process.exitCode = code;
}
