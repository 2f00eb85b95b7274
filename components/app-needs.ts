import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import type { AppDefinition } from "./app-definition.ts";
import { Database } from "./database.ts";
import { Files } from "./files.ts";
import type { Platform } from "./platform.ts";
import type { Postgres } from "./postgres.ts";
import type { Redis } from "./redis.ts";
import { Volume } from "./volume.ts";

export interface AppNeedsArgs {
  platform: Platform;
  definition: AppDefinition;
  postgres: Postgres;
  redis: Redis;
  /** User and group id that own its volumes. */
  userId: number;
  /** Environment of this stack, over the folder's. */
  env: Record<string, string>;
  /** Values of the secrets; undefined is generated, or left out where it is optional. */
  secrets: Record<string, pulumi.Input<string> | undefined>;
}

/** What every container of an application is given. */
export interface NeedsMet {
  env: Record<string, string>;
  files: { files: Files; target: string }[];
  /** Its volumes. */
  mounts: docker.types.input.ContainerMount[];
}

export const secretsDirectory = "/run/secrets";

/**
 * Meets the needs of an application: database, cache, secrets, configuration files and volumes, as children of `parent`.
 *
 * Every secret is a file; the environment has its path as `NAME_FILE`, never its value.
 */
export function meetNeeds(parent: pulumi.Resource, name: string, args: AppNeedsArgs): NeedsMet {
  const { platform, definition, postgres, redis } = args;
  const child = { parent };
  const env: Record<string, string> = { ...definition.env };
  const secrets = secretValues(parent, name, args);
  if (definition.database === true) {
    const database = new Database(`${name}-database`, { platform, postgres, role: name }, child);
    secrets["POSTGRES_PASSWORD"] = database.password;
    secrets["DATABASE_URL"] = database.url;
    Object.assign(env, { POSTGRES_HOST: postgres.host, POSTGRES_PORT: `${postgres.port}`, POSTGRES_USER: name, POSTGRES_DB: name });
  }
  if (definition.cache === true) {
    secrets["REDIS_PASSWORD"] = redis.password(name);
    secrets["REDIS_URL"] = redis.url(name);
    Object.assign(env, { REDIS_HOST: redis.host, REDIS_PORT: `${redis.port}`, REDIS_USER: name, REDIS_PREFIX: `${name}:` });
  }
  // An image that reads plain variables may take both for a mistake.
  if (definition.unprepared?.plainSecrets !== true) {
    for (const secret of Object.keys(secrets)) env[`${secret}_FILE`] = `${secretsDirectory}/${secret}`;
  }
  Object.assign(env, args.env);
  const files = [{ files: new Files(`${name}-secrets`, { platform, files: secrets }, child), target: secretsDirectory }];
  if (definition.config !== undefined) {
    const { directory, target } = definition.config;
    files.push({ files: new Files(`${name}-config`, { platform, files: configFiles(join(definition.context, directory)) }, child), target });
  }
  const mounts: docker.types.input.ContainerMount[] = [];
  for (const [volume, path] of Object.entries(definition.volumes ?? {})) {
    const data = new Volume(`${name}-volume-${volume}`, { platform, owner: args.userId, data: true }, child);
    // Into an empty volume the engine copies what the image has at the path, its owner included.
    mounts.push({ ...data.mount(path), volumeOptions: { noCopy: true } });
  }
  return { env, files, mounts };
}

function secretValues(parent: pulumi.Resource, name: string, args: AppNeedsArgs): Record<string, pulumi.Input<string>> {
  const values: Record<string, pulumi.Input<string>> = {};
  for (const [secret, need] of Object.entries(args.definition.secrets ?? {})) {
    const given = args.secrets[secret];
    if (given === undefined && typeof need !== "string") continue;
    const generated = () => new random.RandomPassword(`${name}-${secret}`, { length: 48, special: false }, { parent }).result;
    values[secret] = pulumi.secret(given ?? generated());
  }
  return values;
}

/** Name and text of each file of a directory. @throws pulumi.RunError for one that can't be read. */
export function configFiles(directory: string): Record<string, string> {
  try {
    const names = readdirSync(directory, { withFileTypes: true }).filter((entry) => entry.isFile()).map((entry) => entry.name);
    return Object.fromEntries(names.map((name) => [name, readFileSync(join(directory, name), "utf8")]));
  } catch (error) {
    throw new pulumi.RunError(`the configuration in ${directory} can't be read: ${String(error)}; correct \`config\` in its app.ts`);
  }
}
