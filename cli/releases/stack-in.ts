import type { Parsed } from "../arguments.ts";
import { type Context, givenStack } from "../command.ts";
import { usageError } from "../exit.ts";

/** The stack that is named behind the command, by `-s` or by BERTH_STACK; dev is not taken by default, as the command changes what runs. @throws OpsError (2) */
export function stackIn({ project, environment }: Pick<Context, "project" | "environment">, { positionals: [named], values }: Pick<Parsed, "positionals" | "values">, command: string): string {
  const { stack: typed } = values;
  if (named !== undefined && typed !== undefined && named !== typed) throw usageError(`two stacks are named, "${named}" and "${typed}": name one`);
  const { stack, setBy } = named === undefined ? givenStack(environment, values) : { stack: named };
  if (stack === undefined) throw usageError(`which stack? berth ${command} <stack>; this project has ${project.stacks().join(", ")}`);
  project.requireStack(stack, setBy);
  return stack;
}
