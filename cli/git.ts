import { execa } from "execa";
import { OpsError } from "./exit.ts";

export interface GitOptions {
  /** The whole environment. @default this process's */
  environment?: NodeJS.ProcessEnv;
  /** Standard input. @default empty */
  input?: string;
  signal?: AbortSignal;
}

/**
 * What git prints in a folder, with the line end at its end. It asks for no password, which would wait where nobody sees it.
 *
 * @throws OpsError with what git said.
 */
export async function git(folder: string, args: readonly string[], { environment = process.env, input = "", signal }: GitOptions = {}): Promise<string> {
  // execa starts the program first, and stops it then.
  signal?.throwIfAborted();
  const { failed, stdout, stderr, shortMessage } = await execa("git", ["-C", folder, ...args], {
    env: { ...environment, GIT_TERMINAL_PROMPT: "0" },
    extendEnv: false,
    input,
    maxBuffer: 2 ** 28,
    reject: false,
    stripFinalNewline: false,
    ...(signal !== undefined && { cancelSignal: signal }),
  });
  if (failed) throw new OpsError(`git ${args[0]} failed: ${stderr.trim() || shortMessage}`);
  return stdout;
}

/** As {@link git}, without white space at both ends; undefined where it fails: no repository, no such commit, or no git. */
export async function askGit(folder: string, args: readonly string[], options?: GitOptions): Promise<string | undefined> {
  return git(folder, args, options).then((text) => text.trim(), () => undefined);
}
