import type { Parsed } from "../arguments.ts";
import { type Context, givenStack } from "../command.ts";
import { namedApps } from "../deploy/named-apps.ts";
import { usageError } from "../exit.ts";
import { stackIn } from "./stack-in.ts";

/**
 * The stack of a rollback, and the application where one is named: `rollback prod`, `rollback prod root`,
 * `rollback root -s prod`, and `rollback root` of BERTH_STACK, or else of dev. A word that names both a stack and an
 * application is the stack, unless `-s` names one.
 *
 * @throws OpsError (2) naming what is allowed.
 */
export function namedIn(context: Pick<Context, "project" | "environment">, parsed: Parsed): { stack: string; app?: string } {
  const { project, environment } = context;
  const { positionals, values } = parsed;
  const [first, ...others] = positionals;
  const applications = (stack: string) => (project.stacks().includes(stack) ? Object.keys(project.applications(stack)) : []);
  const { stack: usual = "dev" } = givenStack(environment, {});
  const given = values["stack"] ?? (first !== undefined && !project.stacks().includes(first) && applications(usual).includes(first) ? usual : undefined);
  const firstIsStack = given === undefined || (first === given && !applications(given).includes(first));
  const stack = stackIn(context, { ...parsed, positionals: firstIsStack ? positionals.slice(0, 1) : [], values: given === undefined ? {} : { stack: given } }, "rollback");
  const [app, another] = namedApps(project, stack, { positionals: firstIsStack ? others : positionals });
  if (another !== undefined) throw usageError(`each application has releases of its own, but ${app} and ${another} are named: roll back one after the other, or the whole stack: ./berth rollback ${stack}`);
  return { stack, ...(app !== undefined && { app }) };
}
