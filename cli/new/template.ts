import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { OpsError } from "../exit.ts";
import type { Project } from "../project.ts";

export const templates = ["node", "python", "go", "rust", "django", "worker"] as const;

/** What tools leave in a folder where they ran. */
const leftovers = new Set(["node_modules", "target", "dist", "__pycache__", ".venv", ".pytest_cache", ".ruff_cache", ".mypy_cache", "staticfiles"]);

/** Text of each file of a new application, by its path in the application's folder; undefined for what is no text. */
export interface NewFiles {
  source: string;
  files: { from: string; to: string; text: string | undefined }[];
}

/** Reads a template's folder, with the names in it replaced. @throws OpsError where there is none. */
export function readTemplate(project: Pick<Project, "folder">, template: string, name: string): NewFiles {
  const source = join(project.folder, "apps", "services", template);
  if (!existsSync(join(source, "app.ts"))) throw new OpsError(`the template ${template} is missing: apps/services/${template} has no app.ts`);
  const paths = readdirSync(source, { recursive: true, encoding: "utf8" })
    .filter((path) => !path.split("/").some((part) => leftovers.has(part) || part.endsWith(".pyc")))
    .filter((path) => statSync(join(source, path)).isFile())
    .toSorted();
  const files = paths.map((path) => {
    const content = readFileSync(join(source, path));
    const text = content.includes(0) ? undefined : renamed(outer(content.toString(), path), template, name);
    return { from: join(source, path), to: renamed(path, template, name), text };
  });
  return { source, files };
}

/** Writes the files below `folder`, with the modes that they have in the template. */
export function writeFiles(folder: string, { files }: NewFiles): void {
  for (const { from, to, text } of files) {
    const target = join(folder, to);
    mkdirSync(dirname(target), { recursive: true });
    if (text === undefined) cpSync(from, target);
    else writeFileSync(target, text, { mode: statSync(from).mode });
  }
}

/**
 * The template's literal names as those of the application: `service-go` is the name itself, `service_go` what is an
 * identifier, `SERVICE_GO` a variable's beginning, and `apps/services/go` the folder.
 */
export function renamed(text: string, template: string, name: string): string {
  const identifier = name.replaceAll("-", "_");
  return text
    .replaceAll(whole(`apps/services/${template}`), `apps/${name}`)
    .replaceAll(whole(`service-${template}`), name)
    .replaceAll(whole(`service_${template}`), identifier)
    .replaceAll(whole(`SERVICE_${template.toUpperCase()}`), identifier.toUpperCase());
}

/** The literal, and not the beginning of a longer word. */
function whole(literal: string): RegExp {
  return new RegExp(`${literal}(?![A-Za-z0-9])`, "g");
}

/** Paths that leave the application's folder: it lies one level less deep than the template's. */
function outer(text: string, path: string): string {
  const up = "../".repeat(path.split("/").length + 2);
  return text.replaceAll(new RegExp(`(?<![./\\w])${up.replaceAll(".", "\\.")}(?=\\w)`, "g"), up.slice(3));
}
