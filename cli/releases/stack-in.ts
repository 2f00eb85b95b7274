import type { Parsed } from "../arguments.ts";
import type { Context } from "../command.ts";
import { usageError } from "../exit.ts";

/** The stack that is named behind the command or by `-s`; none is taken by default, as the command changes what runs. @throws OpsError (2) */
export function stackIn({ project }: Pick<Context, "project">, { positionals: [named], values }: Parsed, command: string): string {
  const { stack: given } = values;
  if (named !== undefined && given !== undefined && named !== given) throw usageError(`two stacks are named, "${named}" and "${given}": name one`);
  const stack = named ?? given;
  if (stack === undefined) throw usageError(`which stack? berth ${command} <stack>; this project has ${project.stacks().join(", ")}`);
  project.requireStack(stack);
  return stack;
}
