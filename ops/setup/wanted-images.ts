import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { imageRoles } from "../../settings.ts";
import { platformImages } from "../../standins/images.ts";
import type { EarlySettings } from "../project.ts";

/** Parts that not every stack has. */
const optional: Record<string, ((settings: EarlySettings) => boolean) | undefined> = {
  registry: ({ registry }) => "port" in registry,
  alertmanager: ({ monitoring }) => monitoring.alerts !== undefined,
  grafana: ({ monitoring }) => monitoring.grafana !== undefined,
  loki: ({ logs }) => logs.driver === "loki",
  logCollector: ({ logs }) => logs.driver === "loki",
  adminer: ({ developer }) => developer.databases !== undefined,
  maildev: ({ developer }) => developer.mail !== undefined,
};

/**
 * The images of images.lock.json that a stack uses: those of its parts, and those that a Dockerfile of a part
 * (images/) or of one of `apps` (folders of apps/) names, or an app.ts in its buildArgs. What only tests use is not
 * among them.
 *
 * @example
 * wantedImages(project.folder, project.settings("dev"), ["root"]); // Set { "debian:trixie-slim", …, "rust:1-slim-trixie" }
 */
export function wantedImages(folder: string, settings: EarlySettings, apps: readonly string[]): Set<string> {
  const files = [...filesIn(join(folder, "images")), ...apps.flatMap((app) => [join(folder, "apps", app)])].flatMap(recipesIn);
  const named = namedImages(files.map((file) => readFileSync(file, "utf8")).join("\n"));
  const parts: readonly string[] = imageRoles.filter((role) => optional[role]?.(settings) ?? true);
  // Dockerfiles name the tag also where the lock has a digest.
  return new Set(platformImages().flatMap(({ role, reference }) => (parts.includes(role) || named.has(reference.split("@")[0] ?? "") ? [reference] : [])));
}

/** Every word of a text that could be an image's name; a comment is no word. */
export function namedImages(text: string): Set<string> {
  return new Set(text.replace(/^\s*(#|\/\/|\*|\/\*).*$/gm, "").match(/[\w./-]+(?::[\w.-]+)?/g));
}

function filesIn(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name)) : [];
}

function recipesIn(folder: string): string[] {
  return filesIn(folder).filter((path) => /[/\\]([^/\\]*Dockerfile[^/\\]*|app\.ts)$/.test(path));
}
