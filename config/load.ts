import * as pulumi from "@pulumi/pulumi";
import { logWarnings } from "./checks/logs.ts";
import { type ComponentSettings, componentSettings } from "./component-settings.ts";
import { checkConfig } from "./config.ts";
import { loadDefinitions } from "./definitions.ts";
import { asObject, parsed, problemReport } from "./problems.ts";
import { givenScope } from "./scope.ts";
import { isSecretKey } from "./secret-key.ts";

/**
 * Reads and checks the whole configuration of the current stack, and gives it as components take it.
 *
 * @throws pulumi.RunError with every problem of the stack file at once.
 */
export async function loadConfig(): Promise<ComponentSettings> {
  const raw = { stack: pulumi.getStack(), values: pulumi.runtime.allConfig(), isSecret: isSecretKey, environment: process.env };
  const definitions = await loadDefinitions({ ...asObject(parsed(raw.values["berth:apps"])) });
  const { config, problems } = checkConfig(raw, definitions);
  if (config === undefined || problems.length > 0) throw new pulumi.RunError(problemReport(raw.stack, problems));
  for (const warning of logWarnings(config)) void pulumi.log.warn(warning);
  return componentSettings(config, givenScope(process.env));
}
