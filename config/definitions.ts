import { existsSync } from "node:fs";
import { join } from "node:path";
import type { AppDefinition } from "../components/index.ts";
import { asObject } from "./problems.ts";

/** The definitions of those of the applications, by name to their settings, that have a folder under apps/. */
export async function loadDefinitions(apps: Record<string, unknown>): Promise<Record<string, AppDefinition>> {
  const files = Object.entries(apps).map(([name, settings]) => {
    const { folder = name } = asObject(settings) as { folder?: unknown };
    return [name, join(import.meta.dirname, "../apps", String(folder), "app.ts")] as const;
  });
  const loaded = files.filter(([, file]) => existsSync(file)).map(async ([name, file]) => {
    const module = (await import(file)) as { default: AppDefinition };
    return [name, module.default] as const;
  });
  return Object.fromEntries(await Promise.all(loaded));
}
