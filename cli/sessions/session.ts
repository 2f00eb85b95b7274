import { addAbortListener } from "node:events";
import type { Duplex } from "node:stream";
import type Dockerode from "dockerode";
import type { ExecOptions } from "../../docker/exec.ts";
import { demultiplex } from "../../docker/frames.ts";
import { exitCodes, messageOf, OpsError } from "../exit.ts";

/** What a user's terminal or pipe is to a container: process.stdin, process.stdout and process.stderr. */
export interface Streams {
  stdin: NodeJS.ReadStream;
  stdout: NodeJS.WriteStream;
  stderr: NodeJS.WriteStream;
}

/** What runs where no command is given: bash where the image has it. */
export const shell = ["sh", "-c", "command -v bash >/dev/null && exec bash; exec sh"];

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
  await connect(stream, streams, tty, (size) => exec.resize(size), signal);
  if (signal.aborted) return exitCodes.interrupted;
  const { ExitCode, Running } = await exec.inspect();
  return Running ? exitCodes.interrupted : (ExitCode ?? exitCodes.failed);
}

/** Joins both ends until the container's closes, or until an interruption. */
export async function connect(
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
  let written: Promise<unknown> = closed;
  using _ = addAbortListener(signal, stop);
  if (tty) {
    stdin.setRawMode(true);
    stdout.on("resize", fit);
    fit();
    stream.pipe(stdout, { end: false });
  } else written = demultiplex(stream, stdout, stderr).catch(() => undefined); // an interruption closed it
  stdin.pipe(stream);
  try {
    await written;
  } finally {
    stdin.unpipe(stream);
    if (tty) {
      stdin.setRawMode(false);
      stdout.off("resize", fit);
    }
    // An input that stays open would keep this process.
    stdin.destroy();
  }
}
