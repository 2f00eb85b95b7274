import type { Context } from "./command.ts";
import { exitCodes, OpsError, refusedError, usageError } from "./exit.ts";

export interface Question {
  /** What is asked for, for example `port that it listens on`. */
  what: string;
  /** How it is given without a terminal, for example `--port <n>`. */
  flag: string;
  /** What is taken for an empty answer. @default asked again */
  otherwise?: string;
  /** Why an answer is not taken; undefined for a right one. */
  problem: (answer: string) => string | undefined;
}

/** Asks on a terminal until the answer is right. @throws OpsError (2) naming the flag where there is nobody to ask, (130) for Ctrl-C. */
export async function ask({ signal }: Pick<Context, "signal">, { what, flag, otherwise, problem }: Question): Promise<string> {
  if (!process.stdin.isTTY) throw usageError(`the ${what} is missing, and there is nobody to ask: add ${flag}`);
  const { default: input } = await import("@inquirer/input");
  const validate = (answer: string) => (answer.trim() === "" && otherwise === undefined ? "an answer is needed" : (problem(answer.trim() || (otherwise ?? "")) ?? true));
  return (await answered(input({ message: `${what}:`, validate, ...(otherwise !== undefined && { default: otherwise }) }, streams(signal)))).trim();
}

/** Asks on a terminal for something that is not shown. Without one it is standard input, without the line end that a pipe adds. */
export async function askHidden({ signal }: Pick<Context, "signal">, what: string): Promise<string> {
  if (!process.stdin.isTTY) {
    let text = "";
    for await (const part of process.stdin) text += String(part);
    return text.replace(/\r?\n$/, "");
  }
  const { default: password } = await import("@inquirer/password");
  return answered(password({ message: `${what}:` }, streams(signal)));
}

export interface Danger {
  stack: string;
  /** The option or command that asks, for example `--swap`, and what that does: `replaces what is live`. */
  option: string;
  does: string;
  /** Told before the question. */
  warning: string;
  /** What else goes without a question, beside `--yes`. */
  instead?: string;
}

/** Goes on where somebody types the stack's name. @throws OpsError (2) where there is nobody to ask, (6) for any other answer, (130) for Ctrl-C. */
export async function confirm({ terminal, signal }: Pick<Context, "terminal" | "signal">, { stack, option, does, warning, instead }: Danger): Promise<void> {
  if (!process.stdin.isTTY) throw usageError(`${option} asks before it ${does}, and there is nobody to ask: add --yes${instead === undefined ? "" : `, or ${instead}`}`);
  terminal.line(warning);
  const { default: input } = await import("@inquirer/input");
  const answer = await answered(input({ message: "Type the stack's name to go on:" }, streams(signal)));
  if (answer.trim() !== stack) throw refusedError("nothing was changed: that is not the stack's name");
}

/** Standard output is for results. */
function streams(signal: AbortSignal) {
  return { input: process.stdin, output: process.stderr, signal };
}

/** An answer, or the end of the command by Ctrl-C, a signal, or the terminal's end. */
async function answered(prompt: Promise<string>): Promise<string> {
  try {
    return await prompt;
  } catch (error) {
    const ended = error instanceof Error && ["ExitPromptError", "AbortPromptError"].includes(error.name);
    throw ended ? new OpsError("interrupted; nothing was changed", exitCodes.interrupted) : error;
  }
}
