import { existsSync } from "node:fs";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import type { z } from "zod";
import type { AppDefinition } from "./components/app-definition.ts";
import { backupProblems } from "./backup-checks.ts";
import { definitionProblems } from "./definition-checks.ts";
import lock from "./images.lock.json" with { type: "json" };
import { asObject, parsed, type Problem, problemReport, type RawConfig, schemaProblems } from "./problems.ts";
import { appProblems, clashProblems, developerProblems, registryProblems, secretProblems, unknownKeys } from "./stack-checks.ts";
import { type AppSettings, fields, imageRoles, type OwnImage, secretFields, type Settings } from "./settings.ts";
import { tlsProblems } from "./tls-checks.ts";

/** An application of this stack: what its folder needs and what the stack file gives. */
export interface App extends Omit<AppSettings, "folder"> {
  name: string;
  definition: AppDefinition;
  host: string;
  replicas: number;
  memory: string;
  cpus: number;
  /** Value of each secret that the folder names; undefined where the stack generates it. */
  secrets: Record<string, pulumi.Output<string> | undefined>;
}

/** The secrets under `berth:`; undefined where one is not set. */
type Secrets = Record<keyof typeof secretFields, pulumi.Output<string> | undefined>;

export interface Config extends Omit<Settings, "apps" | "images" | "docker">, Secrets {
  docker: string;
  images: Record<(typeof imageRoles)[number], string>;
  /** Images of Berth's own that were built before; one that is not named is built. */
  ownImages: Partial<Record<OwnImage, string>>;
  apps: App[];
}

/**
 * Reads and checks the whole configuration of the current stack.
 *
 * @throws pulumi.RunError with every problem of the stack file at once.
 */
export async function loadConfig(): Promise<Config> {
  const raw = { stack: pulumi.getStack(), values: pulumi.runtime.allConfig(), isSecret: isSecretKey, environment: process.env };
  const definitions = await loadDefinitions({ ...asObject(parsed(raw.values["berth:apps"])) });
  const { config, problems } = checkConfig(raw, definitions);
  if (config === undefined || problems.length > 0) throw new pulumi.RunError(problemReport(raw.stack, problems));
  return config;
}

/** The configuration of all namespaces by full key, as a release records it: plain values, and those set as secrets. */
export function allConfiguration(): { config: Record<string, string>; secrets: Record<string, string> } {
  const entries = Object.entries(pulumi.runtime.allConfig());
  return {
    config: Object.fromEntries(entries.filter(([key]) => !isSecretKey(key))),
    secrets: Object.fromEntries(entries.filter(([key]) => isSecretKey(key))),
  };
}

/** The SDK declares isConfigSecret internal; Config.getSecret alone can't tell a secret from plain text. */
function isSecretKey(key: string): boolean {
  return (pulumi.runtime as typeof pulumi.runtime & { isConfigSecret: (key: string) => boolean }).isConfigSecret(key);
}

/** The definitions of those of the applications, by name to their settings, that have a folder under apps/. */
export async function loadDefinitions(apps: Record<string, unknown>): Promise<Record<string, AppDefinition>> {
  const files = Object.entries(apps).map(([name, settings]) => {
    const { folder = name } = asObject(settings) as { folder?: unknown };
    return [name, join(import.meta.dirname, "apps", String(folder), "app.ts")] as const;
  });
  const loaded = files.filter(([, file]) => existsSync(file)).map(async ([name, file]) => {
    const module = (await import(file)) as { default: AppDefinition };
    return [name, module.default] as const;
  });
  return Object.fromEntries(await Promise.all(loaded));
}

/** Checks a stack file against the schema and the applications; pure, every problem at once. */
export function checkConfig(
  raw: RawConfig,
  definitions: Record<string, AppDefinition>,
): { config?: Config; problems: Problem[] } {
  const settings: Record<string, unknown> = {};
  const problems: Problem[] = [];
  for (const [name, schema] of Object.entries(fields)) {
    const value = parsed(raw.values[`berth:${name}`]);
    const result = (schema as z.ZodType).safeParse(value);
    if (!result.success) problems.push(...result.error.issues.flatMap((issue) => schemaProblems(raw.stack, name, value, issue)));
    else if (result.data !== undefined) settings[name] = result.data;
    if (raw.isSecret(`berth:${name}`)) {
      problems.push({
        field: `berth:${name}`,
        value: "[secret]",
        allowed: "plain text: no part of it is a secret, and previews must show it",
        fix: `pulumi config set -s ${raw.stack} --plaintext berth:${name} …`,
      });
    }
  }
  const apps = Object.entries((settings["apps"] ?? {}) as Settings["apps"]);
  problems.push(
    ...appProblems(raw.stack, apps, definitions),
    ...definitionProblems(apps, definitions),
    ...developerProblems(raw.stack, settings, definitions),
    ...clashProblems(raw.stack, settings),
    ...tlsProblems(raw, settings),
    ...registryProblems(raw.stack, settings),
    ...secretProblems(raw, settings, definitions),
    ...backupProblems(raw),
    ...unknownKeys(raw, definitions),
  );
  if (problems.length > 0) return { problems: problems.map((problem) => withoutSecret(raw, problem)) };
  const complete = settings as Settings;
  const { tools, postgresBackup, ...platform } = complete.images;
  const secrets = Object.fromEntries(Object.keys(secretFields).map((name) => [name, secretOf(raw.values[`berth:${name}`])])) as Secrets;
  return {
    problems,
    config: {
      ...complete,
      docker: complete.docker ?? (raw.environment["DOCKER_HOST"] || "unix:///var/run/docker.sock"),
      images: Object.fromEntries(imageRoles.map((role) => [role, platform[role] ?? lock[role]])) as Config["images"],
      ownImages: { ...(tools !== undefined && { tools }), ...(postgresBackup !== undefined && { postgresBackup }) },
      ...secrets,
      registryPassword: secrets.registryPassword ?? secretOf(raw.environment["BERTH_REGISTRY_PASSWORD"]),
      apps: apps.map(([name, app]) => {
        const definition = definitions[name] as AppDefinition;
        const { replicas = 1, memory = "256MiB", cpus = 0.5 } = definition.defaults ?? {};
        const { folder: _, ...given } = app;
        return {
          ...given,
          name,
          definition,
          replicas: app.replicas ?? replicas,
          memory: app.memory ?? (app.live === true ? definition.live?.memory : undefined) ?? memory,
          cpus: app.cpus ?? cpus,
          host: app.host ?? `${name}.${complete.domain}`,
          secrets: Object.fromEntries(
            Object.keys(definition.secrets ?? {}).map((secret) => [secret, secretOf(raw.values[`${name}:${secret}`])]),
          ),
        };
      }),
    },
  };
}

/** A value below a key that was set as a secret is shown in no message. */
function withoutSecret(raw: RawConfig, problem: Problem): Problem {
  const key = problem.field.split(".")[0] ?? "";
  return key.startsWith("berth:") && raw.isSecret(key) ? { ...problem, value: "[secret]" } : problem;
}

/** A secret where there is one. An empty one of the stack file was refused before; of the environment it counts as none. */
function secretOf(value: string | undefined): pulumi.Output<string> | undefined {
  return value === undefined || value === "" ? undefined : pulumi.secret(value);
}
