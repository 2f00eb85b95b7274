import { type Document, isMap, parse, type YAMLMap } from "yaml";
import type { AppDefinition } from "../../components/index.ts";
import { checkConfig } from "../../config/config.ts";
import { loadDefinitions } from "../../config/definitions.ts";
import { asObject, type Problem, problemLines } from "../../config/problems.ts";
import type { Context } from "../command.ts";
import { refusedError } from "../exit.ts";
import { stackValues } from "./stack-values.ts";

/** What a stack file says of an application, or below one of its keys; made where there is nothing. */
export function settingsIn(document: Document, app: string, keys: readonly string[] = []): YAMLMap {
  const path = ["config", "berth:apps", app, ...keys];
  for (let length = 3; length <= path.length; length++) {
    // `root:` without a value.
    if (!isMap(document.getIn(path.slice(0, length), true))) document.setIn(path.slice(0, length), document.createNode({}));
  }
  return document.getIn(path, true) as YAMLMap;
}

/** What would be wrong with a stack file of this text, and the definitions of its applications. */
export async function checkText({ project, environment }: Pick<Context, "project" | "environment">, stack: string, text: string): Promise<{ definitions: Record<string, AppDefinition>; problems: Problem[] }> {
  const { values, secretKeys } = stackValues(project.folder, stack);
  const { config } = asObject(parse(text)) as { config?: Record<string, unknown> };
  const apps = asObject(config?.["berth:apps"]) as Record<string, unknown>;
  const raw = { stack, values: { ...values, "berth:apps": JSON.stringify(apps) }, isSecret: (key: string) => secretKeys.includes(key), environment };
  const definitions = await loadDefinitions(apps);
  return { definitions, problems: checkConfig(raw, definitions).problems };
}

/** Refuses what is wrong with these fields; whatever else is wrong with the file, up tells. @throws OpsError (6) */
export function refuse(stack: string, problems: readonly Problem[], isOwn: (field: string) => boolean): void {
  const own = problems.filter(({ field }) => isOwn(field));
  if (own.length > 0) throw refusedError(["nothing was changed:", ...problemLines(stack, own)].join("\n"));
}
