import { execa } from "execa";

export interface RunOptions {
  /** Written to the command's standard input. */
  input?: string | undefined;
  /** Added to the environment of this process. */
  env?: Record<string, string> | undefined;
  /** The command is ended after so many milliseconds; no limit by default. */
  timeoutMs?: number | undefined;
}

/** A command that ended with another exit code than 0, or was not found. */
export class CommandError extends Error {
  override name = "CommandError";
  readonly stdout: string;
  /** Standard output and standard error as they came. */
  readonly output: string;

  constructor(command: string, reason: string, { stdout, output }: Result) {
    const tail = output.trim().split("\n").slice(-12).join("\n");
    super(`${command}: ${reason}${tail === "" ? "" : `\n${tail}`}`);
    this.stdout = stdout;
    this.output = output;
  }
}

export interface Result {
  stdout: string;
  /** Standard output and standard error as they came. */
  output: string;
}

/** Runs a command without a shell. Throws `CommandError`. */
export async function run(command: string, args: readonly string[], { input = "", env = {}, timeoutMs = 0 }: RunOptions = {}): Promise<Result> {
  const options = { all: true, input, env, timeout: timeoutMs, maxBuffer: Infinity, reject: false, stripFinalNewline: false } as const;
  const { failed, exitCode, signal, originalMessage, stdout, all: output } = await execa(command, args, options);
  if (!failed) return { stdout, output };
  const reason = exitCode !== undefined ? `exit code ${exitCode}` : signal !== undefined ? `ended by ${signal}` : (originalMessage ?? "");
  throw new CommandError([command, ...args.slice(0, 3)].join(" "), reason, { stdout, output });
}

/** True when a command is there and answers to --version. */
export async function has(command: string): Promise<boolean> {
  return await run(command, ["--version"]).then(() => true, () => false);
}

/** Runs `docker` and returns its standard output without the last newline. Throws `CommandError`. */
export async function docker(args: readonly string[], options?: RunOptions): Promise<string> {
  return (await run("docker", args, options)).stdout.trimEnd();
}

/** What the engine says of the images that it has, by reference; those it lacks are absent. */
export async function localImages(references: readonly string[]): Promise<Map<string, { id: string; size: number; labels: Record<string, string> }>> {
  const found = new Map<string, { id: string; size: number; labels: Record<string, string> }>();
  if (references.length === 0) return found;
  // With one reference missing, `docker image inspect` still prints the others, and exits with 1.
  const printed = await docker(["image", "inspect", ...references]).catch((error: unknown) => {
    if (error instanceof CommandError && /no such image/i.test(error.output)) return error.stdout;
    throw error;
  });
  const images = JSON.parse(printed) as { Id: string; Size: number; RepoTags: string[] | null; Config: { Labels: Record<string, string> | null } | null }[];
  for (const image of images) {
    for (const tag of image.RepoTags ?? []) found.set(tag, { id: image.Id, size: image.Size, labels: image.Config?.Labels ?? {} });
  }
  return found;
}
