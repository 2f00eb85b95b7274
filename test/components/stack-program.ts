import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { parse } from "yaml";
import type { AppDefinition } from "../../components/index.ts";
import { loadDefinitions } from "../../config/definitions.ts";
import { type Recorded, record } from "./recorder.ts";

const root = join(import.meta.dirname, "../..");

/** What a stack file of the repository sets: full keys to values as YAML gives them. */
export function stackFile(stack: string): Record<string, unknown> {
  return (parse(readFileSync(join(root, `Pulumi.${stack}.yaml`), "utf8")) as { config: Record<string, unknown> }).config;
}

/** The applications of a stack file: what it gives, and what the folder says. */
export async function appsOf(stack: string): Promise<{ name: string; replicas: number; definition: AppDefinition }[]> {
  const entries = stackFile(stack)["berth:apps"] as Record<string, { replicas?: number }>;
  const definitions = await loadDefinitions(entries);
  return Object.entries(entries).map(([name, { replicas }]) => {
    const definition = definitions[name];
    if (definition === undefined) throw new Error(`no folder for ${name}`);
    return { name, definition, replicas: replicas ?? definition.defaults?.replicas ?? 1 };
  });
}

/** The secrets that a stack file without them is given, by key: found again by their values. */
export async function canariesOf(stack: string): Promise<Record<string, string>> {
  const keys = (await appsOf(stack)).flatMap(({ name, definition }) => Object.keys(definition.secrets ?? {}).map((secret) => `${name}:${secret}`));
  if (stack === "prod") keys.push("berth:registryPassword", "berth:backupKey", "berth:s3Key", "berth:s3Secret", "berth:alertWebhook");
  return Object.fromEntries(keys.map((key) => [key, `canary-${key.replace(":", "-")}`]));
}

/** The whole program on mocks, with a stack file of the repository. */
export async function recordStack(stack: string, more: Record<string, unknown> = {}): Promise<{ resources: Recorded[]; outputs: Record<string, unknown> }> {
  const secrets = await canariesOf(stack);
  const values = Object.entries({ ...stackFile(stack), ...more }).map(([key, value]) => [key, typeof value === "string" ? value : JSON.stringify(value)]);
  const { resources, result } = await record(
    async () => {
      pulumi.runtime.setAllConfig({ ...(Object.fromEntries(values) as Record<string, string>), ...secrets }, Object.keys(secrets));
      // A module is evaluated once; the query makes it another one for each stack.
      return (await import(`../../index.ts?${stack}-${Object.keys(more).join()}`)) as Record<string, unknown>;
    },
    { stack },
  );
  const outputs = await new Promise<Record<string, unknown>>((resolve) => void pulumi.output({ ...result }).apply(resolve));
  return { resources, outputs };
}
