import { statSync } from "node:fs";
import lock from "../images.lock.json" with { type: "json" };
import type { AppDefinition } from "../components/app-definition.ts";
import { asObject, parsed } from "../problems.ts";
import { fields, imageRoles, type Settings as StackSettings } from "../settings.ts";
import type { Allowance, Settings } from "./rule.ts";

/**
 * What the rules know of a stack, from the values of its file as Pulumi hands them over.
 *
 * A field that the schema refuses counts as not set: the program itself stops at it, and says why.
 */
export function settingsOf(stack: string, values: Record<string, string | undefined>, definitions: Record<string, AppDefinition>): Settings {
  const read = <K extends keyof StackSettings>(name: K): StackSettings[K] => {
    const result = fields[name].safeParse(parsed(values[`berth:${name}`]));
    return (result.success ? result.data : fields[name].parse(undefined)) as StackSettings[K];
  };
  const registry = read("registry");
  const images = read("images") as Record<string, string | undefined>;
  const apps = Object.entries(asObject(parsed(values["berth:apps"])) as Record<string, { live?: boolean } | null>);
  return {
    stack,
    environment: read("environment"),
    registry: "port" in registry ? `127.0.0.1:${registry.port}` : `${registry.host}/${registry.owner}`,
    images: Object.fromEntries(imageRoles.map((role) => [role, images[role] ?? lock[role]])),
    apps: Object.fromEntries(apps.flatMap(([name, app]) => (definitions[name] === undefined ? [] : [[name, allowanceOf(definitions[name], app?.live === true)]]))),
  };
}

/** What an app.ts loosens; running from the source as its owner, which writes beside it, is part of `live`. */
function allowanceOf({ unprepared = {}, context }: AppDefinition, live: boolean): Allowance {
  const { root = false, capabilities = [], writableRoot = false } = unprepared;
  if (!live) return { root, capabilities, writableRoot };
  return { root: root || statSync(context).uid === 0, capabilities, writableRoot: true, folder: context };
}
