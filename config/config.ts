import * as pulumi from "@pulumi/pulumi";
import type { z } from "zod";
import type { ImageRole } from "../components/docker/platform.ts";
import type { AppDefinition } from "../components/index.ts";
import { appProblems } from "./checks/apps.ts";
import { backupProblems } from "./checks/backup.ts";
import { buildProblems } from "./checks/builds.ts";
import { clashProblems } from "./checks/clashes.ts";
import { hostProblems } from "./checks/hosts.ts";
import { nameProblems } from "./checks/names.ts";
import { connectionProblems } from "./checks/connections.ts";
import { definitionProblems } from "./checks/definitions.ts";
import { developerProblems } from "./checks/developer.ts";
import { postgresProblems } from "./checks/postgres.ts";
import { registryProblems } from "./checks/registry.ts";
import { secretProblems } from "./checks/secrets.ts";
import { tlsProblems } from "./checks/tls.ts";
import { unknownKeys } from "./checks/unknown-keys.ts";
import { workerProblems } from "./checks/workers.ts";
import { parsed, type Problem, type RawConfig, schemaProblems } from "./problems.ts";
import { type AppSettings, fields, secretFields, type Settings } from "./settings.ts";
import { type OwnImage, platformImages } from "./settings/images.ts";
import { sizesOf, type WorkerSize } from "./sizes.ts";

/** An application of this stack: what its folder needs and what the stack file gives. */
export interface App extends Omit<AppSettings, "folder" | "worker" | "workers"> {
  name: string;
  definition: AppDefinition;
  host: string;
  replicas: number;
  memory: string;
  cpus: number;
  /** Of each worker, by its role. */
  workers: Record<string, WorkerSize>;
  /** Value of each secret that the folder names; undefined where the stack generates it. */
  secrets: Record<string, pulumi.Output<string> | undefined>;
  /** Value of each secret of its build, by its id; undefined where it has none, or is not built. */
  buildSecrets?: Record<string, pulumi.Output<string>> | undefined;
}

/** The secrets under `berth:`; undefined where one is not set. */
type Secrets = Record<keyof typeof secretFields, pulumi.Output<string> | undefined>;

export interface Config extends Omit<Settings, "apps" | "images" | "docker">, Secrets {
  docker: string;
  images: Record<ImageRole, string>;
  /** Images of Berth's own that were built before; one that is not named is built. */
  ownImages: Partial<Record<OwnImage, string>>;
  apps: App[];
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
    ...workerProblems(raw.stack, apps, definitions),
    ...nameProblems(apps, definitions),
    ...developerProblems(raw.stack, settings, definitions),
    ...connectionProblems(raw.stack, apps, definitions, settings),
    ...postgresProblems(raw.stack, apps, definitions, settings),
    ...hostProblems(raw.stack, apps, definitions),
    ...clashProblems(raw.stack, settings),
    ...tlsProblems(raw, settings, definitions),
    ...registryProblems(raw.stack, settings),
    ...buildProblems(raw.stack, settings),
    ...secretProblems(raw, settings, definitions),
    ...backupProblems(raw),
    ...unknownKeys(raw, definitions),
  );
  if (problems.length > 0) return { problems: problems.map((problem) => withoutSecret(raw, problem)) };
  const complete = settings as Settings;
  const { tools, postgresBackup, snapshots, ...platform } = complete.images;
  const secrets = Object.fromEntries(Object.keys(secretFields).map((name) => [name, secretOf(raw.values[`berth:${name}`])])) as Secrets;
  return {
    problems,
    config: {
      ...complete,
      docker: complete.docker ?? (raw.environment["DOCKER_HOST"] || "unix:///var/run/docker.sock"),
      images: platformImages(platform),
      ownImages: { ...(tools !== undefined && { tools }), ...(postgresBackup !== undefined && { postgresBackup }), ...(snapshots !== undefined && { snapshots }) },
      ...secrets,
      registryPassword: secrets.registryPassword ?? secretOf(raw.environment["BERTH_REGISTRY_PASSWORD"]),
      apps: apps.map(([name, app]) => {
        const definition = definitions[name] as AppDefinition;
        const { folder: _, worker: _worker, workers: _workers, ...given } = app;
        const buildSecrets = app.image === undefined ? buildSecretsOf(name, definition, raw) : undefined;
        return {
          ...given,
          ...sizesOf(app, definition),
          name,
          definition,
          host: app.host ?? `${name}.${complete.domain}`,
          ...(buildSecrets !== undefined && { buildSecrets }),
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

/** Values of the secrets that a build mounts; undefined where it mounts none. */
function buildSecretsOf(name: string, { buildSecrets }: AppDefinition, raw: RawConfig): Record<string, pulumi.Output<string>> | undefined {
  const values = Object.keys(buildSecrets ?? {}).map((id) => [id, secretOf(raw.values[`${name}:${id}`])] as const);
  const given = values.filter((entry): entry is [string, pulumi.Output<string>] => entry[1] !== undefined);
  return given.length === 0 ? undefined : Object.fromEntries(given);
}

/** A secret where there is one. An empty one of the stack file was refused before; of the environment it counts as none. */
function secretOf(value: string | undefined): pulumi.Output<string> | undefined {
  return value === undefined || value === "" ? undefined : pulumi.secret(value);
}
