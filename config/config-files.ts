import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";

/** Name and text of each file of a directory, without those of its folders. @throws pulumi.RunError for one that can't be read. */
export function configFiles(directory: string): Record<string, string> {
  try {
    const names = readdirSync(directory, { withFileTypes: true }).filter((entry) => entry.isFile()).map((entry) => entry.name);
    return Object.fromEntries(names.map((name) => [name, readFileSync(join(directory, name), "utf8")]));
  } catch (error) {
    throw new pulumi.RunError(`the configuration in ${directory} can't be read: ${String(error)}; correct \`config\` in its app.ts`);
  }
}
