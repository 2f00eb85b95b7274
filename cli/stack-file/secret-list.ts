import { wantedSecrets, type WantedSecret } from "../../config/checks/secrets.ts";
import { loadDefinitions } from "../../config/definitions.ts";
import { fields, setting, type Settings } from "../../config/settings.ts";
import type { Context } from "../command.ts";
import { table } from "../table.ts";
import { isEncrypted, takesEnvironments } from "./stack-values.ts";

/** A secret of a stack by its key, and where it is; never its value. */
export interface ListedSecret {
  key: string;
  /** `set`: encrypted in the stack file. `generated`: by `up`, where it has not been. */
  state: "set" | "plain text" | "missing" | "generated" | "not set" | "in the environment" | "set, and nothing reads it";
  purpose?: string;
}

/** What the stack's applications and the platform read. */
export async function wantedIn({ project, environment }: Pick<Context, "project" | "environment">, stack: string): Promise<WantedSecret[]> {
  const config = project.readStack(stack).config ?? {};
  const settings = Object.fromEntries(Object.keys(fields).map((name) => [name, setting(name as keyof Settings, config[`berth:${name}`])])) as Settings;
  return wantedSecrets(settings, await loadDefinitions(settings.apps), environment);
}

/** All that are set or wanted, those that are missing first. */
export async function listSecrets(context: Context, stack: string, json: boolean): Promise<void> {
  const { project, terminal } = context;
  const config = project.readStack(stack).config ?? {};
  const secrets = listed(await wantedIn(context, stack), config);
  if (json) terminal.json({ stack, secrets });
  else if (secrets.length === 0) terminal.result(`stack "${stack}" has no secrets, and nothing in it reads one`);
  else terminal.result(table(["SECRET", "STATE", "FOR"], secrets.map(({ key, state, purpose = "-" }) => [key, state === "missing" ? terminal.resultStyle("red", state) : state === "set" ? `in Pulumi.${stack}.yaml` : state, purpose])));
  if (takesEnvironments(project.folder, stack)) terminal.line(`Pulumi.${stack}.yaml names environments of Pulumi ESC, which may set others: pulumi config -s ${stack} lists them`);
}

/** Pure. */
export function listed(wanted: readonly WantedSecret[], config: Readonly<Record<string, unknown>>): ListedSecret[] {
  const known = wanted.flatMap(({ key, purpose, need }): ListedSecret[] => {
    const value = config[key];
    if (value !== undefined) return [{ key, state: isEncrypted(value) ? "set" : "plain text", purpose }];
    if (need === "unused") return [];
    const environment = key === "berth:registryPassword" && need === "optional";
    return [{ key, state: environment ? "in the environment" : need === "required" ? "missing" : need === "generated" ? "generated" : "not set", purpose }];
  });
  const names = new Set(wanted.map(({ key }) => key));
  const others = Object.entries(config).flatMap(([key, value]): ListedSecret[] => (isEncrypted(value) && !names.has(key) ? [{ key, state: "set, and nothing reads it" }] : []));
  return [...known, ...others].toSorted((a, b) => Number(b.state === "missing") - Number(a.state === "missing"));
}
