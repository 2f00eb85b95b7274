import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { Files } from "../docker/files.ts";
import { containerOptions, hardened } from "../docker/hardening.ts";
import { healthGated } from "../docker/health.ts";
import { logged } from "../docker/logging.ts";
import { labelsOf, type Platform } from "../docker/platform.ts";
import { sizeOf } from "../docker/sizes.ts";
import { authorityFile, certificatesDirectory } from "./tls.ts";
import type { Tls } from "./tls.ts";
import { type Listening, renderTraefikStatic, routesDirectory } from "./traefik-config.ts";
import { Volume } from "../docker/volume.ts";

export interface TraefikArgs {
  platform: Platform;
  /** Network with a way out, on which it publishes, by name. */
  publicNetwork: pulumi.Input<string>;
  /** Network of the applications, by name. */
  edgeNetwork: pulumi.Input<string>;
  /** Network from which API and metrics may be read, by name. */
  monitoringNetwork: pulumi.Input<string>;
  /** Where it listens on the Docker host, and how. */
  publish: Listening & { address: string; http: number; https?: number | undefined };
  /** Where certificates come from: e-mail address of the account, ACME directory, PEM of its authority. Used where `publish.https` is set. @default no HTTPS */
  tls?: Omit<Tls, "port">;
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
  readonly host: string;
  /** The volume of the routes file. */
  readonly routes: Volume;
  readonly monitoringNetwork: pulumi.Input<string>;
  readonly edgeNetwork: pulumi.Input<string>;
  /** Where its API and metrics are, for whoever is on the monitoring network: on any other they answer 403. */
  readonly api: pulumi.Output<string>;
  readonly container: docker.Container;
  /** Applications answer by HTTPS, and HTTP is redirected. */
  readonly secure: boolean;
  /** Others are believed who asks: a load balancer or CDN in front. */
  readonly proxied: boolean;
  /** What people ask applications by; where a proxy in front of Traefik ends HTTPS, by that too. */
  readonly scheme: "http" | "https";

  constructor(name: string, args: TraefikArgs, opts?: pulumi.ComponentResourceOptions) {
    super("berth:index:Traefik", name, {}, opts);
    this.host = name;
    const { platform, publish } = args;
    const tls = publish.https === undefined || args.tls === undefined ? undefined : { ...args.tls, port: publish.https };
    this.secure = tls !== undefined;
    this.proxied = publish.trustedProxies !== undefined;
    this.scheme = this.secure || this.proxied ? "https" : "http";
    this.monitoringNetwork = args.monitoringNetwork;
    this.edgeNetwork = args.edgeNetwork;
    // The engine's DNS takes a network's name after a host's, and answers with the address there.
    this.api = pulumi.interpolate`http://${this.host}.${args.monitoringNetwork}:8080`;
    this.routes = new Volume(`${name}-routes`, { platform, owner: user }, { parent: this });
    const files = { "traefik.yml": renderTraefikStatic(tls, publish), ...(tls?.authority !== undefined && { [authorityFile]: tls.authority }) };
    const config = new Files(`${name}-config`, { platform, files }, { parent: this });
    const mounts = [config.mount("/etc/berth"), this.routes.mount(routesDirectory, true)];
    const ports = [{ internal: 8000, external: publish.http, ip: publish.address, protocol: "tcp" }];
    if (tls !== undefined) {
      // Data: an ACME server gives the same names only so many certificates a week.
      mounts.push(new Volume(`${name}-certificates`, { platform, owner: user, data: true }, { parent: this }).mount(certificatesDirectory));
      ports.push({ internal: 8443, external: tls.port, ip: publish.address, protocol: "tcp" });
    }
    this.container = new docker.Container(
      name,
      {
        image: platform.image("traefik"),
        entrypoints: ["traefik"],
        command: ["--configFile=/etc/berth/traefik.yml"],
        user: `${user}:${user}`,
        mounts,
        networksAdvanced: [
          { name: args.publicNetwork },
          // For site checks from inside; API and metrics answer the monitoring network only.
          { name: args.edgeNetwork, aliases: [this.host] },
          { name: args.monitoringNetwork, aliases: [this.host] },
        ],
        ports,
        labels: labelsOf(platform, name),
        ...healthGated(["CMD", "traefik", "healthcheck", "--configFile=/etc/berth/traefik.yml"]),
        ...hardened(sizeOf(platform, "traefik")),
        ...logged(platform, name),
      },
      containerOptions(this, false),
    );
    this.registerOutputs({ containerName: this.container.name });
  }
}
