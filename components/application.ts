import type * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import { Database } from "./database.ts";
import { Files } from "./files.ts";
import { userIdOf } from "./hardening.ts";
import { Image, type ImageRegistry } from "./image.ts";
import { Job } from "./job.ts";
import type { Platform } from "./platform.ts";
import type { Postgres } from "./postgres.ts";
import type { Redis } from "./redis.ts";
import type { Route } from "./traefik-config.ts";
import { envList, Workload } from "./workload.ts";

/** What an application needs, as the app.ts of its folder says it: needs, not how they are met. */
export interface AppDefinition {
  /** Directory with the Dockerfile: `import.meta.dirname`. */
  context: string;
  /** Port that it listens on. */
  port: number;
  health: {
    /** Path that answers 2xx while it may get requests. */
    path: string;
    /** Command in the container that exits 0 while it may get requests. */
    command: string[];
  };
  /** A role and a database of its own; see {@link databaseEnv} for what it is given. @default false */
  database?: boolean;
  /** A user of its own in Redis, for keys `<name>:*`; see {@link cacheEnv}. @default false */
  cache?: boolean;
  /** Command that brings the database's schema up to date, run before the cut-over. @default none */
  migrate?: string[];
  /** Secrets by name, each with what it is for; `NAME_FILE` says where the file is. @default none */
  secrets?: Record<string, string>;
  /** @default none */
  env?: Record<string, string>;
}

export interface ApplicationArgs {
  platform: Platform;
  definition: AppDefinition;
  registry: ImageRegistry;
  pullProvider: docker.Provider;
  postgres: Postgres;
  redis: Redis;
  /** Networks by name: that of Traefik, and the application's own with its data. */
  networks: { edge: pulumi.Input<string>; own: pulumi.Input<string> };
  /** Host name of its route. */
  host: string;
  replicas: number;
  /** MiB of each replica. */
  memory: number;
  /** Processor cores of each replica. */
  cpus: number;
  /** Environment of this stack, over the folder's. */
  env: Record<string, string>;
  /** Values of the secrets; undefined is generated. */
  secrets: Record<string, pulumi.Input<string> | undefined>;
}

const secretsDirectory = "/run/secrets";

/**
 * One web application: image, database, cache, secrets, migration and replicas.
 *
 * The graph gives the order of a deploy: image pulled → database there → migrated → new replicas
 * healthy. The route follows when all applications are there (see {@link Routes}).
 *
 * @example
 * const root = new Application("root", { platform, definition, registry, …, host: "root.example.com", replicas: 2 });
 * new Routes("routes", { platform, traefik, routes: [root.route], monitoringSubnet });
 */
export class Application extends pulumi.ComponentResource {
  /** Known once all replicas are healthy. */
  readonly route: pulumi.Output<Route>;
  /** `repository:tag@digest` that runs. */
  readonly image: pulumi.Output<string>;

  constructor(name: string, args: ApplicationArgs, opts?: pulumi.ComponentResourceOptions) {
    super("berth:index:Application", name, {}, opts);
    const { platform, definition, postgres, redis } = args;
    const image = new Image(
      `${name}-image`,
      { registry: args.registry, repository: name, context: definition.context, pullProvider: args.pullProvider },
      { parent: this },
    );
    const secrets = this.secretValues(name, args);
    const env: Record<string, string> = { ...definition.env };
    if (definition.database === true) {
      const database = new Database(`${name}-database`, { platform, postgres, role: name }, { parent: this });
      secrets["POSTGRES_PASSWORD"] = database.password;
      secrets["DATABASE_URL"] = database.url;
      Object.assign(env, { POSTGRES_HOST: postgres.host, POSTGRES_PORT: `${postgres.port}`, POSTGRES_USER: name, POSTGRES_DB: name });
    }
    if (definition.cache === true) {
      secrets["REDIS_PASSWORD"] = redis.password(name);
      secrets["REDIS_URL"] = redis.url(name);
      Object.assign(env, { REDIS_HOST: redis.host, REDIS_PORT: `${redis.port}`, REDIS_USER: name, REDIS_PREFIX: `${name}:` });
    }
    for (const secret of Object.keys(secrets)) env[`${secret}_FILE`] = `${secretsDirectory}/${secret}`;
    Object.assign(env, args.env);
    const files = new Files(`${name}-secrets`, { platform, files: secrets }, { parent: this });
    const common = {
      platform,
      app: name,
      image: image.ref,
      user: `${userIdOf(name)}:${userIdOf(name)}`,
      mounts: [files.mount(secretsDirectory)],
    };
    const migrated = this.migration(name, common, env, args);
    const web = new Workload(
      `${name}-web`,
      {
        ...common,
        env,
        replicas: args.replicas,
        memory: args.memory,
        cpus: args.cpus,
        health: definition.health.command,
        networks: [args.networks.edge, args.networks.own],
      },
      { parent: this, dependsOn: migrated },
    );
    this.image = image.ref;
    this.route = web.containerNames.apply((servers) => ({
      name,
      host: args.host,
      servers,
      port: definition.port,
      healthPath: definition.health.path,
    }));
    this.registerOutputs({ image: this.image, route: this.route });
  }

  private secretValues(name: string, args: ApplicationArgs): Record<string, pulumi.Input<string>> {
    const entries = Object.keys(args.definition.secrets ?? {}).map((secret) => {
      const generated = () =>
        new random.RandomPassword(`${name}-${secret}`, { length: 48, special: false }, { parent: this }).result;
      return [secret, pulumi.secret(args.secrets[secret] ?? generated())] as const;
    });
    return Object.fromEntries(entries);
  }

  private migration(
    name: string,
    common: { platform: Platform; app: string; image: pulumi.Input<string>; user: string; mounts: docker.types.input.ContainerMount[] },
    env: Record<string, string>,
    args: ApplicationArgs,
  ): pulumi.Output<docker.Container>[] {
    const command = args.definition.migrate;
    if (command === undefined) return [];
    const job = new Job(
      `${name}-migrate`,
      { ...common, entrypoint: command, env: envList(env), networks: [args.networks.own], memory: args.memory },
      { parent: this },
    );
    return [job.done];
  }
}
