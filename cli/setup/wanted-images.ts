import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { imageRoles } from "../../components/docker/platform.ts";
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
  const parts: readonly string[] = imageRoles.filter((role) => optional[role]?.(settings) ?? true);
  const bases = baseImages([...filesIn(join(folder, "images")), ...apps.map((app) => join(folder, "apps", app))]);
  return new Set(platformImages().flatMap(({ role, reference }) => (parts.includes(role) || bases.has(reference) ? [reference] : [])));
}

/** The images of images.lock.json that the Dockerfiles and app.ts in these folders name. */
export function baseImages(folders: readonly string[]): Set<string> {
  const named = namedImages(folders.flatMap(recipesIn).map((file) => readFileSync(file, "utf8")).join("\n"));
  // Dockerfiles name the tag also where the lock has a digest.
  return new Set(platformImages().flatMap(({ reference }) => (named.has(reference.split("@")[0] ?? "") ? [reference] : [])));
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
