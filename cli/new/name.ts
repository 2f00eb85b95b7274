import { existsSync } from "node:fs";
import { join } from "node:path";
import { appName } from "../../config/settings/apps.ts";
import { reserved } from "../../config/checks/apps.ts";
import type { Project } from "../project.ts";

/** Why no application of this name can be added to a stack: the rule, or what has it already; undefined for a free one. */
export function nameProblem(project: Pick<Project, "folder" | "readStack">, stack: string, name: string): string | undefined {
  const shape = appName.safeParse(name);
  if (!shape.success) return `"${name}" is not a name: ${shape.error.issues[0]?.message ?? ""}`;
  if (reserved.includes(name)) return `"${name}" is taken by a part of every stack: choose a name other than ${reserved.join(", ")}`;
  if (existsSync(join(project.folder, "apps", name))) return `apps/${name} exists already: choose another name, or remove it`;
  const apps = project.readStack(stack).config?.["berth:apps"] as Record<string, unknown> | null | undefined;
  if (apps?.[name] === undefined) return undefined;
  return `Pulumi.${stack}.yaml has an entry berth:apps.${name} already: choose another name, or remove it`;
}
