import { readFileSync } from "node:fs";
import { resolve } from "node:path";

/** The text of a PEM file; a path that is not absolute begins at the project's folder. @throws Error where it can't be read. */
export function readPem(file: string): string {
  return readFileSync(resolve(import.meta.dirname, "..", file), "utf8");
}
