import { existsSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { AppDefinition } from "../../components/index.ts";
import type { Promoted } from "./plan.ts";
import type { StackValues } from "./stack-file.ts";

/** Secrets that applications name in their `app.ts` and the stack file lacks, with the command that sets each. */
export async function missingSecrets(folder: string, promoted: readonly Promoted[], to: string, values: StackValues): Promise<string[]> {
  if (values.config["berth:secrets"] === "generate") return [];
  const missing: string[] = [];
  for (const { name, folder: app } of promoted) {
    const file = join(folder, "apps", app, "app.ts");
    if (!existsSync(file)) continue;
    const { default: definition } = (await import(pathToFileURL(file).href)) as { default: AppDefinition };
    for (const secret of Object.keys(definition.secrets ?? {})) {
      if (values.config[`${name}:${secret}`] === undefined) missing.push(`./berth secret ${name}:${secret} -s ${to}`);
    }
  }
  return missing;
}
