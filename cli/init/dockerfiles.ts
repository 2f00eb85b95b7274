import { globSync } from "node:fs";

/** Paths of Dockerfiles in a folder and those below it, at most five: `docker/Dockerfile`, `api.Dockerfile`, `Dockerfile.prod`. */
export function dockerfilesIn(folder: string): string[] {
  const names = ["Dockerfile", "Dockerfile.*", "*.Dockerfile"];
  const patterns = names.flatMap((name) => [name, `*/${name}`, `*/*/${name}`]);
  const found = globSync(patterns, { cwd: folder, exclude: (path) => /(^|\/)(node_modules|\.git|vendor)$/.test(path) });
  return found.filter((path) => !path.endsWith(".dockerignore")).toSorted((a, b) => a.split("/").length - b.split("/").length || a.localeCompare(b)).slice(0, 5);
}
