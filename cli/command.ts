import type { Option, Parsed } from "./arguments.ts";
import type { Project } from "./project.ts";
import type { Terminal } from "./terminal.ts";

export interface Context {
  project: Project;
  terminal: Terminal;
  environment: NodeJS.ProcessEnv;
  /** Aborted by the first Ctrl-C or SIGTERM. */
  signal: AbortSignal;
}

export interface Command {
  /** One line for the overview. */
  summary: string;
  /** What it does and what it never does, for its own help. */
  description: string;
  options: Record<string, Option>;
  positionals?: readonly string[];
  /** Name of what is passed on as it is, for example `command`. */
  rest?: string;
  examples: readonly string[];
  exits: readonly number[];
  run(context: Context, parsed: Parsed): Promise<number>;
}

export const stackOption: Option = { type: "string", short: "s", value: "<name>", help: "the stack, by the name of its file (default: dev)" };
export const jsonOption: Option = { type: "boolean", help: "print one JSON document for machines" };
export const engineOption: Option = {
  type: "string",
  value: "<name>",
  choices: ["pulumi", "embedded"],
  help: "pulumi or embedded (default: BERTH_ENGINE, or the Pulumi CLI where it can be had)",
};

/** The stack that a command works on; its file must exist. */
export function stackOf({ project }: Context, { values }: Parsed): string {
  const stack = values["stack"] ?? "dev";
  project.requireStack(stack);
  return stack;
}
