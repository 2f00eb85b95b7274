import type { Option, Parsed } from "./arguments.ts";
import type { Project } from "./project.ts";
import type { Terminal } from "./terminal.ts";

export interface Context {
  project: Project;
  terminal: Terminal;
  environment: NodeJS.ProcessEnv;
  /** Aborted by the first Ctrl-C or SIGTERM. */
  signal: AbortSignal;
  /** All that there are. */
  commands: Commands;
}

/** Loaded when they are called, so that the help of one does not wait for the packages of another. */
export type Commands = Record<string, { summary: string; load: () => Promise<{ command: Command }> }>;

export interface Command {
  /** One line for the overview. */
  summary: string;
  /** What it does and what it never does, for its own help. */
  description: string;
  options: Record<string, Option>;
  positionals?: readonly string[];
  /** Words that the first positional argument may be, for shells that complete it. @default none */
  actions?: readonly string[];
  /** Name of what is passed on as it is, for example `command`. */
  rest?: string;
  examples: readonly string[];
  exits: readonly number[];
  run(context: Context, parsed: Parsed): Promise<number>;
}

export const stackOption: Option = { type: "string", short: "s", value: "<name>", help: "the stack, by the name of its file (default: BERTH_STACK, or dev)" };
export const jsonOption: Option = { type: "boolean", help: "print one JSON document for machines" };
export const engineOption: Option = {
  type: "string",
  value: "<name>",
  choices: ["pulumi", "embedded"],
  help: "pulumi or embedded (default: BERTH_ENGINE, or the Pulumi CLI where it can be had)",
};

/** The stack that a command works on; its file must exist. */
export function stackOf({ project, environment }: Pick<Context, "project" | "environment">, { values }: Pick<Parsed, "values">): string {
  const { stack = "dev", setBy } = givenStack(environment, values);
  project.requireStack(stack, setBy);
  return stack;
}

/** The stack that `-s` names, or else BERTH_STACK, which an error then names. Neither is set where the user names none. */
export function givenStack(environment: NodeJS.ProcessEnv, values: Parsed["values"]): { stack?: string; setBy?: string } {
  const { stack } = values;
  const { BERTH_STACK: variable = "" } = environment;
  if (stack !== undefined) return { stack };
  return variable === "" ? {} : { stack: variable, setBy: "BERTH_STACK" };
}
