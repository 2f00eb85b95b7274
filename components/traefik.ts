import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { Files } from "./files.ts";
import { containerOptions, hardened } from "./hardening.ts";
import { healthGated } from "./health.ts";
import { labelsOf, type Platform } from "./platform.ts";
import { renderTraefikStatic, routesDirectory } from "./traefik-config.ts";
import { Volume } from "./volume.ts";

export interface TraefikArgs {
  platform: Platform;
  /** Network with a way out, on which it publishes, by name. */
  publicNetwork: pulumi.Input<string>;
  /** Network of the applications, by name. */
  edgeNetwork: pulumi.Input<string>;
  /** Network from which API and metrics may be read, by name. */
  monitoringNetwork: pulumi.Input<string>;
  /** Where it listens on the Docker host. */
  publish: { address: string; http: number };
}

const user = 65_532;

/**
 * Traefik: the only part that is reached from outside.
 *
 * It reads its routes from a volume that {@link Routes} writes, and has no Docker socket. It
 * publishes a port, so a new version replaces it by stopping first.
 *
 * @example
 * const traefik = new Traefik("traefik", { platform, publicNetwork, edgeNetwork, monitoringNetwork, publish: { address: "127.0.0.1", http: 8080 } });
 */
export class Traefik extends pulumi.ComponentResource {
  /** Host name on the edge and the monitoring network. */
  readonly host = "traefik";
  /** The volume of the routes file. */
  readonly routes: Volume;
  readonly monitoringNetwork: pulumi.Input<string>;
  readonly container: docker.Container;

  constructor(name: string, args: TraefikArgs, opts?: pulumi.ComponentResourceOptions) {
    super("berth:index:Traefik", name, {}, opts);
    const { platform, publish } = args;
    this.monitoringNetwork = args.monitoringNetwork;
    this.routes = new Volume(`${name}-routes`, { platform, owner: user }, { parent: this });
    const config = new Files(
      `${name}-config`,
      { platform, files: { "traefik.yml": renderTraefikStatic() } },
      { parent: this },
    );
    this.container = new docker.Container(
      name,
      {
        image: platform.images.traefik,
        entrypoints: ["traefik"],
        command: ["--configFile=/etc/berth/traefik.yml"],
        user: `${user}:${user}`,
        mounts: [config.mount("/etc/berth"), this.routes.mount(routesDirectory, true)],
        networksAdvanced: [
          { name: args.publicNetwork },
          // For site checks from inside; API and metrics answer the monitoring network only.
          { name: args.edgeNetwork, aliases: [this.host] },
          { name: args.monitoringNetwork, aliases: [this.host] },
        ],
        ports: [{ internal: 8000, external: publish.http, ip: publish.address, protocol: "tcp" }],
        labels: labelsOf(platform, "traefik"),
        ...healthGated(["CMD", "traefik", "healthcheck", "--configFile=/etc/berth/traefik.yml"]),
        ...hardened({ memory: 256, cpus: 1 }),
      },
      containerOptions(this, false),
    );
    this.registerOutputs({ containerName: this.container.name });
  }
}
