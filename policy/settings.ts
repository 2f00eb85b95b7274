import { statSync } from "node:fs";
import type { AppDefinition } from "../components/index.ts";
import { asObject, parsed } from "../config/problems.ts";
import { setting, type Settings as StackSettings } from "../config/settings.ts";
import { platformImages } from "../config/settings/images.ts";
import { prefixOf } from "../config/settings/registry.ts";
import type { Allowance, Settings } from "./rule.ts";

/**
 * What the rules know of a stack, from the values of its file as Pulumi hands them over.
 *
 * A field that the schema refuses counts as not set: the program itself stops at it, and says why.
 */
export function settingsOf(stack: string, values: Record<string, string | undefined>, definitions: Record<string, AppDefinition>): Settings {
  const read = <Name extends keyof StackSettings>(name: Name) => setting(name, parsed(values[`berth:${name}`]));
  const apps = Object.entries(asObject(parsed(values["berth:apps"])) as Record<string, { live?: boolean } | null>);
  return {
    stack,
    environment: read("environment"),
    registry: prefixOf(read("registry")),
    images: platformImages(read("images")),
    apps: Object.fromEntries(apps.flatMap(([name, app]) => (definitions[name] === undefined ? [] : [[name, allowanceOf(definitions[name], app?.live === true)]]))),
  };
}

/** What an app.ts loosens; running from the source as its owner, which writes beside it, is part of `live`. */
function allowanceOf({ unprepared = {}, context }: AppDefinition, live: boolean): Allowance {
  const { root = false, capabilities = [], writableRoot = false } = unprepared;
  if (!live) return { root, capabilities, writableRoot };
  return { root: root || statSync(context).uid === 0, capabilities, writableRoot: true, folder: context };
}
