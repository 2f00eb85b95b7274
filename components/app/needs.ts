import type * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import type { AppDefinition } from "./definition.ts";
import { withDerived } from "./derived.ts";
import { Gateway } from "../postgres/gateway.ts";
import { Role } from "../postgres/role.ts";
import { Files } from "../docker/files.ts";
import type { AppNetworks } from "../docker/networks.ts";
import type { Platform } from "../docker/platform.ts";
import type { Postgres } from "../postgres/postgres.ts";
import type { Redis } from "../redis/redis.ts";
import { Volume } from "../docker/volume.ts";

export interface AppNeedsArgs {
  platform: Platform;
  definition: AppDefinition;
  networks: AppNetworks;
  postgres: Postgres;
  redis: Redis;
  /** Connections that its role may have at the same time. @default {@link Postgres.share} */
  connections?: number;
  /** User and group id that own its volumes. */
  userId: number;
  /** Environment of this stack, over the folder's. */
  env: Record<string, string>;
  /** Text of each file of the definition's `config.directory`, by name. @default none */
  configFiles?: Record<string, string>;
  /** Values of the secrets; undefined is generated, or left out where it is optional. */
  secrets: Record<string, pulumi.Input<string> | undefined>;
}

/** What every container of an application is given. */
export interface NeedsMet {
  env: Record<string, string>;
  files: { files: Files; target: string }[];
  /** Its volumes. */
  mounts: docker.types.input.ContainerMount[];
  /** Names of the volumes on the Docker host, by their names in the definition. */
  volumes: Record<string, pulumi.Output<string>>;
  /** Values that its programs know, and may print. */
  secrets: pulumi.Input<string>[];
}

export const secretsDirectory = "/run/secrets";

/**
 * Meets the needs of an application: database, cache, secrets, configuration files and volumes, as children of `parent`.
 *
 * Every secret is a file; the environment has its path as `NAME_FILE`, never its value.
 */
export function meetNeeds(parent: pulumi.Resource, name: string, args: AppNeedsArgs): NeedsMet {
  const { platform, definition, networks, postgres, redis } = args;
  const child = { parent };
  const env: Record<string, string> = { ...definition.env };
  const secrets = secretValues(parent, name, args);
  const made: pulumi.Output<docker.Container>[] = [];
  if (definition.database === true) {
    const database = new Role(`${name}-database`, { platform, postgres, role: name, connections: args.connections }, child);
    made.push(database.done, new Gateway(`${name}-gateway`, { platform, postgres, network: networks.own.name }, child).started);
    secrets["POSTGRES_PASSWORD"] = database.password;
    secrets["DATABASE_URL"] = database.url;
    Object.assign(env, { POSTGRES_HOST: postgres.host, POSTGRES_PORT: `${postgres.port}`, POSTGRES_USER: name, POSTGRES_DB: name });
  }
  if (definition.cache === true) {
    made.push(redis.started);
    secrets["REDIS_PASSWORD"] = redis.password(name);
    secrets["REDIS_URL"] = redis.url(name);
    Object.assign(env, { REDIS_HOST: redis.host, REDIS_PORT: `${redis.port}`, REDIS_USER: name, REDIS_PREFIX: `${name}:` });
  }
  Object.assign(secrets, withDerived(definition.derived ?? {}, { ...env, ...secrets }));
  // An image that reads plain variables may take both for a mistake.
  if (definition.unprepared?.plainSecrets !== true) {
    for (const secret of Object.keys(secrets)) env[`${secret}_FILE`] = `${secretsDirectory}/${secret}`;
  }
  Object.assign(env, args.env);
  const files = [{ files: new Files(`${name}-secrets`, { platform, files: secrets }, { ...child, dependsOn: made }), target: secretsDirectory }];
  if (definition.config !== undefined) {
    files.push({ files: new Files(`${name}-config`, { platform, files: args.configFiles ?? {} }, child), target: definition.config.target });
  }
  const mounts: docker.types.input.ContainerMount[] = [];
  const volumes: NeedsMet["volumes"] = {};
  for (const [volume, path] of Object.entries(definition.volumes ?? {})) {
    const data = new Volume(volumeOf(name, volume), { platform, owner: args.userId, data: true, app: name }, child);
    volumes[volume] = data.volumeName;
    // Into an empty volume the engine copies what the image has at the path, its owner included.
    mounts.push({ ...data.mount(path), volumeOptions: { noCopy: true } });
  }
  return { env, files, mounts, volumes, secrets: Object.values(secrets) };
}

/** A volume of an application in its stack; on the Docker host the stack's prefix is before it. */
export function volumeOf(app: string, volume: string): string {
  return `${app}-volume-${volume}`;
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
