import * as pulumi from "@pulumi/pulumi";
import { cutOverScript, statusPattern, writeScript } from "./cut-over.ts";
import { Job } from "../docker/job.ts";
import type { Platform } from "../docker/platform.ts";
import type { Maintenance } from "./maintenance.ts";
import { attemptMark, renderNames, renderNext, renderRoute, renderShared, type Route, type RouteFile, urls } from "./route-config.ts";
import type { Traefik } from "./traefik.ts";
import { routesDirectory } from "./traefik-config.ts";

/** A route whose servers are known once they are healthy. */
export interface RouteArgs extends Omit<Route, "servers" | "maintenance"> {
  servers: pulumi.Input<pulumi.Input<string>[]>;
  maintenance?: (Omit<Maintenance, "page" | "proxied"> & { page: pulumi.Input<string> }) | undefined;
}

export interface RoutesArgs {
  platform: Platform;
  traefik: Traefik;
  /** Those that this update makes. */
  routes: RouteArgs[];
  /** Subnet in CIDR form from which Traefik's API and metrics may be read. */
  monitoringSubnet: pulumi.Input<string>;
  /**
   * Whether `routes` are all that the stack has. Where they are not, the update leaves the job alone that removes the files
   * of others, and how that ended last is not looked at. @default true
   */
  complete?: boolean;
}

/**
 * The cut-over, a route at a time: a job loads the new servers beside those that serve, waits until Traefik itself has
 * checked each of them, and only then writes the route's file ({@link cutOverScript}). No route waits for another's
 * servers, so each is there as soon as its own are healthy.
 *
 * Pulumi deletes the old containers after all that was created, so they serve until each job has ended well; a job that
 * fails leaves them there, and the route as it was.
 *
 * @example
 * new Routes("routes", { platform, traefik, routes: root.routes, monitoringSubnet });
 */
export class Routes extends pulumi.ComponentResource {
  readonly #args: RoutesArgs;

  constructor(name: string, args: RoutesArgs, opts?: pulumi.ComponentResourceOptions) {
    super("berth:index:Routes", name, {}, opts);
    this.#args = args;
    const { routes, traefik, monitoringSubnet } = args;
    const shared = this.#write(`${name}-shared`, "shared", pulumi.output(monitoringSubnet).apply((subnet) => renderShared(subnet, traefik.secure)), traefik.container);
    const each = routes.map((route) => this.#cutOver(route, shared));
    // Last, and before anything is deleted: the files of routes that have left the stack go, so none leads to a server that goes.
    const names = routes.map((route) => route.name).toSorted();
    const kept = ["shared", "routes", ...names.map(fileOf)].map((file) => `${file}.yml`);
    this.#write(`${name}-write`, "routes", renderNames(names), each.length === 0 ? shared : each, { kept, left: args.complete === false });
    this.registerOutputs({});
  }

  #cutOver({ servers: names, maintenance, ...args }: RouteArgs, shared: pulumi.Output<pulumi.Resource>): pulumi.Output<pulumi.Resource> {
    const { secure, scheme, proxied } = this.#args.traefik;
    const { name, host, healthStatus } = args;
    const words = pulumi.all([names, maintenance]).apply(([servers, closed]) => {
      const route: Route = { ...args, servers, scheme, ...(closed !== undefined && { maintenance: { ...closed, proxied } }) };
      const { text, revision } = renderRoute(route, secure);
      // An application may be in maintenance since it is not well: its page is what must answer.
      const asked: Route = closed === undefined ? route : { ...route, healthPath: undefined };
      const answering = closed === undefined ? urls(route) : [closed.page];
      return [name, text, revision, renderNext(asked, secure) ?? "", attemptMark, host, scheme, asked.healthPath ?? "none", statusPattern(healthStatus), ...answering];
    });
    return this.#job(fileOf(name), cutOverScript, words, shared);
  }

  /** `kept` are names of the files that may be there; others are removed. By default all are. */
  #write(name: string, file: string, content: pulumi.Input<RouteFile>, dependsOn: pulumi.ResourceOptions["dependsOn"], { kept = [], left = false }: { kept?: readonly string[]; left?: boolean } = {}): pulumi.Output<pulumi.Resource> {
    const words = pulumi.output(content).apply(({ text, revision }) => [`${file}.yml`, text, revision, ...kept]);
    return this.#job(name, writeScript, words, dependsOn, left);
  }

  #job(name: string, script: (api: string) => string, words: pulumi.Output<string[]>, dependsOn: pulumi.ResourceOptions["dependsOn"], left = false): pulumi.Output<pulumi.Resource> {
    const { platform, traefik } = this.#args;
    const settings = {
      platform,
      image: platform.image("traefik"),
      entrypoint: ["/bin/sh", "-ec"],
      command: pulumi.all([traefik.api, words]).apply(([api, words]) => [script(api), "routes", ...words]),
      user: "65532:65532",
      mounts: [traefik.routes.mount(routesDirectory)],
      // API and metrics are read on one, servers asked on the other, from where Traefik asks them.
      networks: [{ name: traefik.monitoringNetwork }, { name: traefik.edgeNetwork }],
      left,
    };
    return new Job(name, settings, { parent: this, ...(dependsOn !== undefined && { dependsOn }) }).done;
  }
}

/** An earlier version had all routes in routes.yml. Of two routes of one name Traefik takes that of the first file by name. */
function fileOf(route: string): string {
  return `route-${route}`;
}
