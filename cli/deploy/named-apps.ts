import type { Parsed } from "../arguments.ts";
import { closest } from "../arguments.ts";
import { usageError } from "../exit.ts";
import type { Project } from "../project.ts";

/**
 * The applications that a command names; none is all.
 *
 * @throws OpsError (2) for a name that the stack file does not have.
 */
export function namedApps(project: Pick<Project, "applications" | "stacks">, stack: string, { positionals }: Pick<Parsed, "positionals">): string[] {
  const known = Object.keys(project.applications(stack));
  for (const name of positionals) if (!known.includes(name)) throw usageError(unknown(name, stack, known, project.stacks()));
  return [...new Set(positionals)];
}

function unknown(name: string, stack: string, known: readonly string[], stacks: readonly string[]): string {
  const near = closest(name, known);
  const fix = stacks.includes(name) ? `for the stack of that name: -s ${name}` : near === undefined ? `a new one is an entry under berth:apps in Pulumi.${stack}.yaml` : `did you mean ${near}?`;
  return `"${name}" is no application of stack "${stack}", which has ${known.join(", ") || "none"}: ${fix}`;
}
