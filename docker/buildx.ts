import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

/** How many of the last lines of a build that failed are told. */
const tail = 40;

export interface BuildOptions {
  /** @default this process's environment */
  environment?: NodeJS.ProcessEnv;
  signal?: AbortSignal | undefined;
  /** Told what the build is at, for example `build 3/5: Compiling tokio v1.47.1`. */
  onStep?: (step: string) => void;
}

/**
 * Runs `docker buildx build` with plain progress.
 *
 * @param args What follows `build`.
 * @throws Error with the last lines of a build that failed.
 */
export async function build(args: readonly string[], { environment = process.env, signal, onStep }: BuildOptions = {}): Promise<void> {
  signal?.throwIfAborted();
  const child = spawn("docker", ["buildx", "build", "--progress", "plain", ...args], { env: environment, stdio: ["ignore", "ignore", "pipe"], signal });
  const steps = new BuildSteps();
  const lines: string[] = [];
  createInterface({ input: child.stderr }).on("line", (line) => {
    if (line === "") return;
    lines.push(line);
    if (lines.length > tail) lines.shift();
    const step = steps.read(line);
    if (step !== undefined) onStep?.(step);
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on("error", reject).on("close", resolve);
  });
  if (code !== 0) throw new Error(`docker buildx build ended with code ${code}:\n${lines.join("\n")}`);
}

/** The base image that a registry refused without a login, or with the one it was given, in the output of a build that failed. */
export function refusedBase(output: string): string | undefined {
  // A step's own output never begins a line: buildx puts its number or its time before it.
  const [, base, answer = ""] = /^ERROR: .*\bfailed to resolve source metadata for (\S+): (.*)$/m.exec(output) ?? [];
  return /failed to authorize|pull access denied|\b(401 Unauthorized|403 Forbidden)$/.test(answer) ? base : undefined;
}

/** Follows buildx's plain progress, in which steps run side by side and each line begins with its step's number. */
export class BuildSteps {
  /** Stage and place of each step that was named, for example `build 3/5`, by its number. */
  readonly #names = new Map<string, string>();

  /** What a line says that the build is at; undefined where it says nothing of a step of the Dockerfile. */
  read(line: string): string | undefined {
    const [, step = "", text = ""] = /^#(\d+) (.*)$/.exec(line) ?? [];
    const [, name, command = ""] = /^\[([^\]]+ \d+\/\d+|\d+\/\d+)\] (.*)$/.exec(text) ?? [];
    if (name !== undefined) {
      this.#names.set(step, name);
      return `${name}: ${command}`;
    }
    const known = this.#names.get(step);
    const [, output] = /^\d+\.\d+ +(.*\S)\s*$/.exec(text) ?? [];
    return known === undefined || output === undefined ? undefined : `${known}: ${output}`;
  }
}
