import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { parse } from "yaml";
import { type Recorded, record } from "./recorder.ts";

const root = join(import.meta.dirname, "../..");

/** The secrets that a stack file without them is given: found again by their values. */
export const canaries: Record<string, Record<string, string>> = {
  dev: { "root:ROOT_SECRET": "canary-root-secret" },
  prod: {
    "root:ROOT_SECRET": "canary-root-secret",
    "berth:registryPassword": "canary-registry-password",
    "berth:backupKey": "canary-backup-key",
    "berth:s3Key": "canary-s3-key",
    "berth:s3Secret": "canary-s3-secret",
  },
};

/** What a stack file of the repository sets: full keys to values as YAML gives them. */
export function stackFile(stack: string): Record<string, unknown> {
  return (parse(readFileSync(join(root, `Pulumi.${stack}.yaml`), "utf8")) as { config: Record<string, unknown> }).config;
}

/** The whole program on mocks, with a stack file of the repository. */
export async function recordStack(stack: string, more: Record<string, unknown> = {}): Promise<{ resources: Recorded[]; outputs: Record<string, unknown> }> {
  const secrets = canaries[stack] ?? {};
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
