import type { Duplex } from "node:stream";
import type Dockerode from "dockerode";
import { exitCodes, messageOf, OpsError } from "./exit.ts";

/** What a user's terminal or pipe is to a container: process.stdin, process.stdout and process.stderr. */
export interface Streams {
  stdin: NodeJS.ReadStream;
  stdout: NodeJS.WriteStream;
  stderr: NodeJS.WriteStream;
}

export interface ExecOptions {
  command: string[];
  /** @default the container's own */
  user?: string;
  /** Beyond the container's own; not shown by `docker inspect`. @default none */
  env?: string[];
}

/** What runs where no command is given: bash where the image has it. */
export const shell = ["sh", "-c", "command -v bash >/dev/null && exec bash; exec sh"];

/**
 * A command with its secrets as plain variables, where the container's own has them so: then its entrypoint is a shell
 * that sets them and goes on with `exec "$@"`.
 */
export function inWayOf(entrypoint: string[] | string | null | undefined, command: string[]): string[] {
  const own = Array.isArray(entrypoint) ? entrypoint : [];
  const script = own.findIndex((word) => word.endsWith('exec "$@"'));
  return script === -1 ? command : [...own.slice(0, script + 2), ...command];
}

/** A terminal in the container where there is one at both ends here. */
export function hasTerminal({ stdin, stdout }: Streams): boolean {
  return stdin.isTTY && stdout.isTTY;
}

/**
 * Runs a command in a running container with this process's input, output and, where it has one, terminal.
 *
 * @returns its exit code; 130 after an interruption, which leaves the command to the container.
 * @throws OpsError where the container can't start it.
 */
export async function execIn(docker: Dockerode, id: string, options: ExecOptions, streams: Streams, signal: AbortSignal): Promise<number> {
  const tty = hasTerminal(streams);
  const exec = await docker.getContainer(id).exec({
    Cmd: options.command,
    User: options.user,
    Env: [...(options.env ?? []), ...(tty ? [`TERM=${process.env["TERM"] ?? "xterm"}`] : [])],
    AttachStdin: true,
    AttachStdout: true,
    AttachStderr: true,
    Tty: tty,
  });
  const stream = await exec.start({ hijack: true, stdin: true, Tty: tty }).catch((error: unknown) => {
    throw new OpsError(`the container did not start ${options.command.join(" ")}: ${messageOf(error)}`);
  });
  await connect(docker, stream, streams, tty, (size) => exec.resize(size), signal);
  if (signal.aborted) return exitCodes.interrupted;
  const { ExitCode, Running } = await exec.inspect();
  return Running ? exitCodes.interrupted : (ExitCode ?? exitCodes.failed);
}

/** Output of a command in a running container, for what berth itself must know. @throws OpsError with what it printed. */
export async function outputOf(docker: Dockerode, id: string, options: ExecOptions): Promise<string> {
  const { command: Cmd, user: User, env: Env } = options;
  const exec = await docker.getContainer(id).exec({ Cmd, User, Env, AttachStdout: true, AttachStderr: true, Tty: true });
  let text = "";
  for await (const part of await exec.start({ Tty: true })) text += String(part);
  const { ExitCode } = await exec.inspect();
  if (ExitCode !== 0) throw new OpsError(`${Cmd.join(" ")} ended with ${ExitCode}: ${text.trim()}`);
  return text.replaceAll("\r\n", "\n");
}

/** Joins both ends until the container's closes, or until an interruption. */
export async function connect(
  docker: Dockerode,
  stream: Duplex,
  { stdin, stdout, stderr }: Streams,
  tty: boolean,
  resize: (size: { h: number; w: number }) => Promise<unknown>,
  signal: AbortSignal,
): Promise<void> {
  const fit = () => {
    // It may have ended before it was told.
    resize({ h: stdout.rows, w: stdout.columns }).catch(() => undefined);
  };
  const stop = () => stream.destroy();
  const closed = new Promise<void>((resolve) => {
    stream.on("end", resolve).on("close", resolve).on("error", () => resolve());
  });
  signal.addEventListener("abort", stop, { once: true });
  if (tty) {
    stdin.setRawMode(true);
    stdout.on("resize", fit);
    fit();
    stream.pipe(stdout, { end: false });
  } else (docker.modem as { demuxStream: (from: Duplex, out: NodeJS.WritableStream, error: NodeJS.WritableStream) => void }).demuxStream(stream, stdout, stderr);
  stdin.pipe(stream);
  try {
    await closed;
  } finally {
    signal.removeEventListener("abort", stop);
    stdin.unpipe(stream);
    if (tty) {
      stdin.setRawMode(false);
      stdout.off("resize", fit);
    }
    // An input that stays open would keep this process.
    stdin.destroy();
  }
}
