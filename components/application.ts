import type * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import type { AppDefinition } from "./app-definition.ts";
import { type AppNeedsArgs, meetNeeds, secretsDirectory } from "./app-needs.ts";
import { defaultTmpfs, userIdOf } from "./hardening.ts";
import { Image, type ImageRegistry } from "./image.ts";
import { Job } from "./job.ts";
import { liveDefinition, liveMounts } from "./live.ts";
import type { AppNetworks } from "./networks.ts";
import { Schedule } from "./schedule.ts";
import { busybox, shell, type Tools } from "./tools.ts";
import type { Route } from "./traefik-config.ts";
import { loosened, looseningOf } from "./unprepared.ts";
import { envList, mountsOf, Workload, type WorkloadArgs } from "./workload.ts";

export interface ApplicationArgs extends Omit<AppNeedsArgs, "userId"> {
  registry: ImageRegistry;
  pullProvider: docker.Provider;
  /** Programs for images that lack them. */
  tools: Tools;
  /** `repository@digest` that runs. @default built from the definition's folder */
  image?: string;
  networks: AppNetworks;
  /** Host name of its route. */
  host: string;
  /** Containers of the web server that serve at the same time. */
  replicas: number;
  /** MiB of each container. */
  memory: number;
  /** Processor cores of each container. */
  cpus: number;
  /** Runs from the mounted source. @default false */
  live?: boolean;
}

/**
 * One application: image, database, cache, secrets, jobs, and its web server, worker and schedules.
 *
 * The graph gives the order of a deploy: image pulled → database there → jobs done, one after the other → new
 * containers healthy. The route follows when all applications are there (see {@link Routes}).
 *
 * @example
 * const root = new Application("root", { platform, definition, registry, …, host: "root.example.com", replicas: 2 });
 * new Routes("routes", { platform, traefik, routes: root.routes, monitoringSubnet });
 */
export class Application extends pulumi.ComponentResource {
  /** The route of its web server, known once all replicas are healthy; none without a web server. */
  readonly routes: pulumi.Output<Route>[] = [];
  /** `repository:tag@digest` that runs. */
  readonly image: pulumi.Output<string>;

  constructor(name: string, args: ApplicationArgs, opts?: pulumi.ComponentResourceOptions) {
    super("berth:index:Application", name, {}, opts);
    const { platform, networks } = args;
    const definition = args.live === true ? liveDefinition(args.definition) : args.definition;
    const { context, target, buildArgs, web, worker, schedules = {}, unprepared = {} } = definition;
    const open = loosened(unprepared);
    if (open.length > 0) void pulumi.log.warn(`${name} is less hardened than other applications:\n  ${open.join("\n  ")}`, this);
    const image = new Image(
      `${name}-image`,
      { registry: args.registry, repository: name, context, target, buildArgs, built: args.image, pullProvider: args.pullProvider },
      { parent: this },
    );
    const userId = unprepared.root === true ? 0 : (definition.user ?? userIdOf(name));
    const { env, files, mounts } = meetNeeds(this, name, { ...args, definition, userId });
    if (args.live === true) mounts.push(...liveMounts(this, name, platform, definition));
    if (wantsTools(definition)) mounts.push(args.tools.mount);
    const outside = definition.egress === true && networks.egress !== undefined ? [networks.egress] : [];
    const common = {
      platform,
      app: name,
      image: image.ref,
      user: `${userId}:${userId}`,
      memory: args.memory,
      cpus: args.cpus,
      loosening: { ...looseningOf(unprepared), ...(definition.tmpfs !== undefined && { tmpfs: { ...defaultTmpfs, ...definition.tmpfs }, tmpfsOwner: userId }) },
      ...(args.live === true && { workingDir: definition.live?.source }),
    };
    const containers = { ...common, mounts: mountsOf({ files, mounts }) };
    const own = { name: networks.own.name };
    const others = outside.map((network) => ({ name: network.name }));
    const done = this.runJobs(name, definition, { ...containers, env: envList(env), networks: [own, ...others] });
    const scraped = { ...networks.own, ...(definition.metrics !== undefined && { aliases: [`${name}-metrics`] }) };
    const staying: Omit<WorkloadArgs, "health" | "networks"> = {
      ...common,
      files,
      mounts,
      pullProvider: args.pullProvider,
      env,
      exclusive: definition.volumes !== undefined,
      maxRestarts: definition.maxRestarts,
    };
    const after = { parent: this, dependsOn: done };
    if (web !== undefined) {
      const { path, command: health = requestTo(web.port, path), wait: healthWait } = web.health;
      const servers = new Workload(
        `${name}-web`,
        {
          ...staying,
          ...startOf(definition, web.command),
          replicas: args.replicas,
          health,
          healthWait,
          stopGrace: web.stopGrace,
          networks: [networks.edge, scraped, ...outside],
        },
        after,
      );
      // Swarm takes a server that is not well out of its name; Traefik would take out the name with all that are.
      const healthPath = servers.balanced ? undefined : path;
      this.routes.push(servers.servers.apply((names) => ({ name, host: args.host, servers: names, port: web.port, healthPath, balancing: web.balancing })));
    }
    if (worker !== undefined) {
      const { health, stopGrace } = worker;
      const networksOf = [web === undefined ? scraped : networks.own, ...outside];
      new Workload(`${name}-worker`, { ...staying, ...startOf(definition, worker.command), role: "worker", health, stopGrace, networks: networksOf }, after);
    }
    for (const [schedule, { cron, timeZone, command }] of Object.entries(schedules)) {
      const networksOf = [{ ...own, aliases: [`${name}-schedule-${schedule}`] }, ...others];
      const timed = { schedule, cron, timeZone, command: withSecrets(definition, command) };
      new Schedule(`${name}-${schedule}`, { ...containers, ...timed, env, networks: networksOf }, after);
    }
    this.image = image.ref;
    this.registerOutputs({ image: this.image });
  }

  /** Each job waits for the one before it. */
  private runJobs(name: string, definition: AppDefinition, common: Omit<ConstructorParameters<typeof Job>[1], "entrypoint">): pulumi.Output<docker.Container>[] {
    let done: pulumi.Output<docker.Container>[] = [];
    for (const [job, command] of Object.entries(definition.jobs ?? {})) {
      done = [new Job(`${name}-${job}`, { ...common, entrypoint: withSecrets(definition, command) }, { parent: this, dependsOn: done }).done];
    }
    return done;
  }
}

/** Whether a definition needs {@link Tools} in its containers. */
export function wantsTools({ web, schedules, unprepared }: AppDefinition): boolean {
  return (web !== undefined && web.health.command === undefined) || Object.keys(schedules ?? {}).length > 0 || unprepared?.plainSecrets === true;
}

function startOf(definition: AppDefinition, command: string[] | undefined): Pick<WorkloadArgs, "entrypoint"> {
  return command === undefined ? {} : { entrypoint: withSecrets(definition, command) };
}

/** A command whose environment has the secrets' values, for an image that reads no files. */
function withSecrets({ unprepared }: AppDefinition, command: string[]): string[] {
  if (unprepared?.plainSecrets !== true) return command;
  const script = `for file in ${secretsDirectory}/*; do export "\${file##*/}=$(cat "$file")"; done; exec "$@"`;
  return [shell, "-ec", script, "sh", ...command];
}

function requestTo(port: number, path: string): string[] {
  return [busybox, "wget", "-q", "-T", "4", "-O", "/dev/null", `http://127.0.0.1:${port}${path}`];
}
