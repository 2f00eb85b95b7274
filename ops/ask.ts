import { createInterface } from "node:readline/promises";
import type { Context } from "./command.ts";
import { usageError } from "./exit.ts";

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

/** Asks on a terminal until the answer is right. @throws OpsError (2) naming the flag where there is nobody to ask. */
export async function ask({ terminal, signal }: Pick<Context, "terminal" | "signal">, { what, flag, otherwise, problem }: Question): Promise<string> {
  if (!process.stdin.isTTY) throw usageError(`the ${what} is missing, and there is nobody to ask: add ${flag}`);
  const prompt = createInterface({ input: process.stdin, output: process.stderr });
  try {
    for (;;) {
      const answer = (await prompt.question(`${what}${otherwise === undefined ? "" : ` [${otherwise}]`}: `, { signal })).trim() || (otherwise ?? "");
      const wrong = answer === "" ? "an answer is needed" : problem(answer);
      if (wrong === undefined) return answer;
      terminal.line(wrong);
    }
  } finally {
    prompt.close();
  }
}
