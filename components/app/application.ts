import type * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { inSwarm, requestTo, wantsTools, withSecrets } from "./command.ts";
import type { WebServer, Worker } from "./definition.ts";
import { type AppNeedsArgs, meetNeeds, type NeedsMet } from "./needs.ts";
import { defaultTmpfs, type Loosening, userIdOf } from "../docker/hardening.ts";
import { Image, type ImageRegistry } from "../image/image.ts";
import { Job } from "../docker/job.ts";
import { liveDefinition, liveMounts } from "./live.ts";
import type { NetworkRef } from "../docker/networks.ts";
import { MaintenancePage } from "./maintenance-page.ts";
import { Schedule } from "./schedule.ts";
import type { Tools } from "../docker/tools.ts";
import type { RouteOptions } from "../traefik/route-options.ts";
import type { RouteArgs } from "../traefik/routes.ts";
import { loosened, looseningOf } from "./unprepared.ts";
import { reportedHealth, roleAlias } from "./worker-health.ts";
import { type Size, workersOf } from "./workers.ts";
import { envList, mountsOf, Workload } from "./workload.ts";

export interface ApplicationArgs extends Omit<AppNeedsArgs, "userId">, Pick<RouteOptions, "hosts" | "redirects" | "paths" | "middlewares"> {
  registry: ImageRegistry;
  pullProvider: docker.Provider;
  /** Programs for images that lack them. */
  tools: Tools;
  /** `repository@digest` that runs. @default built from the definition's folder */
  image?: string;
  /** Values of the definition's `buildSecrets`, where it is built. @default none */
  buildSecrets?: Record<string, pulumi.Input<string>> | undefined;
  /** Labels of the image that is built, for example the commit of its source. @default none */
  labels?: Record<string, string>;
  /** Host name of its route. */
  host: string;
  /** Host name of each further port that the definition names. @default none is served */
  ports?: Record<string, string> | undefined;
  /** Everybody but `allow` is answered 503 with a page that has `message`; `retryAfter` is in seconds. @default serves */
  maintenance?: { message: string; retryAfter: number; allow?: string[] | undefined } | undefined;
  /** People ask it by HTTPS, which Traefik or a proxy in front of that ends. @default false */
  secure?: boolean;
  /** Containers of the web server that serve at the same time. */
  replicas: number;
  /** MiB of each container. */
  memory: number;
  /** Processor cores of each container. */
  cpus: number;
  /** Of each worker, by its role. @default one replica, of the application's memory and cores */
  workers?: Record<string, Size>;
  /** Runs from the mounted source. @default false */
  live?: boolean;
}

/**
 * One application: image, database, cache, secrets, jobs, and its web server, workers and schedules.
 *
 * The graph gives the order of a deploy: image pulled → database there → jobs done, one after the other → new
 * containers healthy → its route (see {@link Routes}).
 *
 * @example
 * const root = new Application("root", { platform, definition, registry, …, host: "root.example.com", replicas: 2 });
 * new Routes("routes", { platform, traefik, routes: root.routes, monitoringSubnet });
 */
export class Application extends pulumi.ComponentResource {
  readonly name: string;
  /** The route of its web server, whose servers are known once all replicas are healthy; none without a web server. */
  readonly routes: RouteArgs[] = [];
  /** Names of its data volumes on the Docker host, by their names in the definition, known once they are there. */
  readonly volumes: Record<string, pulumi.Output<string>>;
  /** `repository:tag@digest` that runs. */
  readonly image: pulumi.Output<string>;
  private readonly args: ApplicationArgs;
  private readonly userId: number;
  private readonly groupId: number;
  private readonly met: NeedsMet;
  /** The jobs that its other containers wait for. */
  private done: pulumi.Output<docker.Container>[] = [];

  constructor(name: string, args: ApplicationArgs, opts?: pulumi.ComponentResourceOptions) {
    super("berth:index:Application", name, {}, opts);
    this.name = name;
    const definition = args.live === true ? liveDefinition(args.definition) : args.definition;
    const { web, unprepared = {}, user = userIdOf(name) } = definition;
    this.args = { ...args, definition };
    this.userId = unprepared.root === true ? 0 : user;
    this.groupId = unprepared.root === true ? 0 : (definition.group ?? user);
    this.warn(loosened(unprepared));
    this.image = this.pulled();
    this.met = this.needs();
    this.volumes = this.met.volumes;
    this.jobs();
    if (web !== undefined) this.routes.push(this.web(web));
    for (const [index, [role, worker]] of Object.entries(workersOf(definition)).entries()) this.worker(role, worker, web === undefined && index === 0);
    this.schedules();
    this.registerOutputs({ image: this.image });
  }

  private warn(open: string[]): void {
    if (open.length > 0) void pulumi.log.warn(`${this.name} is less hardened than other applications:\n  ${open.join("\n  ")}`, this);
  }

  private pulled(): pulumi.Output<string> {
    const { definition, registry, pullProvider, labels, image: built, buildSecrets } = this.args;
    const { context, dockerfile, target, buildArgs } = definition;
    return new Image(`${this.name}-image`, { registry, repository: this.name, context, dockerfile, target, buildArgs, ...(buildSecrets !== undefined && { buildSecrets }), labels, built, pullProvider }, { parent: this }).ref;
  }

  private needs(): NeedsMet {
    const { platform, definition, live, tools } = this.args;
    const met = meetNeeds(this, this.name, { ...this.args, userId: this.userId });
    if (live === true) met.mounts.push(...liveMounts(this, this.name, platform, definition));
    if (wantsTools(definition)) met.mounts.push(tools.mount());
    return met;
  }

  /** Each job waits for the one before it. */
  private jobs(): void {
    const { definition, networks } = this.args;
    for (const [job, command] of Object.entries(definition.jobs ?? {})) {
      const entrypoint = withSecrets(definition, command);
      const on = [{ name: networks.own.name }, ...this.outside().map(({ name }) => ({ name }))];
      const env = envList({ ...(definition.database === true && jobOptions), ...this.met.env });
      const { done } = new Job(`${this.name}-${job}`, { ...this.common(), mounts: mountsOf(this.met), env, secrets: this.met.secrets, networks: on, entrypoint, limit: definition.jobLimit }, { parent: this, dependsOn: this.done });
      this.done = [done];
    }
  }

  private web({ command, port, health: { path, command: ownHealth, wait: healthWait, timeout: healthTimeout }, stopGrace, ports = {}, ...options }: WebServer): RouteArgs {
    const { networks, replicas, host, hosts, redirects, paths, middlewares, secure = false } = this.args;
    const health = ownHealth ?? requestTo({ port, path, host, secure });
    const on = [networks.edge, this.own("web", true), ...this.outside()];
    const { balanced, servers } = new Workload(`${this.name}-web`, { ...this.staying(command), replicas, health, healthWait, healthTimeout, stopGrace, networks: on }, this.afterJobs());
    // Swarm takes a server that is not well out of its name; Traefik would take out the name with all that are.
    const healthPath = balanced ? undefined : path;
    const served = Object.entries(this.args.ports ?? {}).flatMap(([name, host]) => (ports[name] === undefined ? [] : [[name, { host, port: ports[name] }] as const]));
    return { ...options, name: this.name, host, hosts, redirects, paths, middlewares, ports: Object.fromEntries(served), servers, port, healthPath, maintenance: this.closed() };
  }

  /** What answers in the web server's place. */
  private closed(): RouteArgs["maintenance"] {
    const { platform, networks, maintenance } = this.args;
    if (maintenance === undefined) return undefined;
    const { allow, ...page } = maintenance;
    const { address } = new MaintenancePage(`${this.name}-maintenance`, { platform, app: this.name, edgeNetwork: networks.edge.name, ...page }, { parent: this });
    return { page: address, allow };
  }

  /** @param scraped It has the application's metrics: the first one, where there is no web server. */
  private worker(role: string, { command, health, stopGrace }: Worker, scraped: boolean): void {
    const { definition, tools, workers = {} } = this.args;
    const on = [this.own(role, scraped), ...this.outside()];
    const settings = { ...this.staying(command), ...workers[role], role, stopGrace, networks: on };
    const name = `${this.name}-${role}`;
    // Swarm replaces a service's container that is not well.
    if (this.inSwarm()) new Workload(name, { ...settings, health }, this.afterJobs());
    else {
      const mounts = wantsTools(definition) ? settings.mounts : [...settings.mounts, tools.mount()];
      new Workload(name, { ...settings, mounts, health: reportedHealth(health) }, this.afterJobs());
    }
  }

  private schedules(): void {
    const { definition, networks } = this.args;
    for (const [schedule, { cron, timeZone, command, stopGrace }] of Object.entries(definition.schedules ?? {})) {
      const on = [{ name: networks.own.name, aliases: [`${this.name}-schedule-${schedule}`] }, ...this.outside().map(({ name }) => ({ name }))];
      const timed = { schedule, cron, timeZone, stopGrace, command: withSecrets(definition, command) };
      new Schedule(`${this.name}-${schedule}`, { ...this.common(), ...timed, mounts: mountsOf(this.met), env: this.met.env, networks: on }, this.afterJobs());
    }
  }

  /** What each of its containers is given, jobs and schedules too. */
  private common() {
    const { platform, definition, memory, cpus, live } = this.args;
    const workingDir = live === true ? definition.live?.source : undefined;
    return { platform, app: this.name, image: this.image, user: `${this.userId}:${this.groupId}`, memory, cpus, loosening: this.loosening(), workingDir };
  }

  /** What web server and workers are given beyond that. */
  private staying(command: string[] | undefined) {
    const { definition, pullProvider } = this.args;
    const { volumes, maxRestarts } = definition;
    const entrypoint = command === undefined ? undefined : withSecrets(definition, command);
    return { ...this.common(), ...this.met, pullProvider, exclusive: volumes !== undefined, maxRestarts, entrypoint };
  }

  private loosening(): Loosening {
    const { unprepared = {}, tmpfs } = this.args.definition;
    return { ...looseningOf(unprepared), ...(tmpfs !== undefined && { tmpfs: { ...defaultTmpfs, ...tmpfs }, tmpfsOwner: this.userId }) };
  }

  private inSwarm(): boolean {
    const { platform, definition, live } = this.args;
    return inSwarm(platform, definition, live);
  }

  /** Its own network, with the names by which Prometheus finds the containers of one kind there. */
  private own(role: string, scraped: boolean): NetworkRef & { aliases?: string[] } {
    const { definition, networks } = this.args;
    const found = role !== "web" || this.inSwarm();
    const aliases = [...(scraped && definition.metrics !== undefined ? [`${this.name}-metrics`] : []), ...(found ? [roleAlias(this.name, role)] : [])];
    return { ...networks.own, ...(aliases.length > 0 && { aliases }) };
  }

  private outside(): NetworkRef[] {
    const { definition, networks } = this.args;
    return definition.egress === true && networks.egress !== undefined ? [networks.egress] : [];
  }

  private afterJobs(): pulumi.ComponentResourceOptions {
    return { parent: this, dependsOn: this.done };
  }
}

/**
 * A migration may compute for longer between two statements than a server's transaction may be idle. It waits a minute for a
 * lock: all that come after it wait behind it, so the application would stand still. Programs on libpq's terms read this.
 */
const jobOptions = { PGOPTIONS: "-c idle_in_transaction_session_timeout=0 -c lock_timeout=60s" };
