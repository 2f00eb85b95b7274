import type { Project } from "../project.ts";
import { addressOf as reachedAt } from "../../components/traefik/traefik-config.ts";
import { setting } from "../../config/settings.ts";
import { table } from "../table.ts";

/**
 * What to type after an application was added to a stack.
 *
 * @param address Where it answers; undefined for what serves nothing.
 * @param live Whether its app.ts says how it runs from its source.
 */
export function nextSteps(project: Project, stack: string, name: string, address: string | undefined, live = false): string {
  const others = project.stacks().filter((other) => other !== stack && appsOf(project, other)[name] === undefined);
  const rows = [
    [`./berth up${stack === "dev" ? "" : ` -s ${stack}`}`, address === undefined ? "starts it" : `starts it; then it answers at ${address}`],
    [`./berth logs -f ${name}${stack === "dev" ? "" : ` -s ${stack}`}`, "what it prints"],
    ...(live && configOf(project, stack)["berth:environment"] === "dev" ? [[`${name}: { live: true }`, "in the stack file runs it from its source, and restarts it when a file changes"]] : []),
    ...(stack === "dev" ? [["npm run picture", "adds it to the picture of the dev stack"]] : []),
    ...others.map((other) => [`Pulumi.${other}.yaml`, `an entry ${name} under berth:apps runs it there too`]),
  ];
  return `Next:\n${table(["", ""], rows.map(([what = "", why = ""]) => [`  ${what}`, why])).split("\n").slice(1).join("\n")}`;
}

/** Where the application answers once it is up. */
export function addressOf(project: Project, stack: string, name: string): string {
  const config = configOf(project, stack);
  const domain = setting("domain", config["berth:domain"]);
  return reachedAt(project.settings(stack).publish)(`${name}.${domain}`);
}

function appsOf(project: Project, stack: string): Record<string, unknown> {
  return (configOf(project, stack)["berth:apps"] ?? {}) as Record<string, unknown>;
}

function configOf(project: Project, stack: string): Record<string, unknown> {
  return project.readStack(stack).config ?? {};
}
