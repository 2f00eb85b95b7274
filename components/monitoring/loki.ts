import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { Files } from "../docker/files.ts";
import { containerOptions, hardened } from "../docker/hardening.ts";
import { healthGated } from "../docker/health.ts";
import { locallyLogged } from "../docker/logging.ts";
import { lokiData, renderLokiConfig } from "./loki-config.ts";
import { labelsOf, type Platform } from "../docker/platform.ts";
import { sizeOf } from "../docker/sizes.ts";
import { Volume } from "../docker/volume.ts";

export interface LokiArgs {
  platform: Platform;
  /** The monitoring network, by name. */
  network: pulumi.Input<string>;
  /** How long lines are kept, in days or weeks, for example `14d`. */
  retention: string;
}

const user = 10_001;

/**
 * Loki: keeps what the containers print, and answers queries for it.
 *
 * It has no login, so it is on the monitoring network alone. Its own lines are files on the Docker host: the store can't
 * be where one reads why the store is away.
 *
 * @example
 * const loki = new Loki("loki", { platform, network: networks.monitoring, retention: "14d" });
 * loki.url; // http://loki:3100
 */
export class Loki extends pulumi.ComponentResource {
  /** `host:port` on the monitoring network. */
  readonly target: string;
  readonly url: string;

  constructor(name: string, args: LokiArgs, opts?: pulumi.ComponentResourceOptions) {
    super("berth:index:Loki", name, {}, opts);
    const { platform, network, retention } = args;
    const port = 3100;
    this.target = `${name}:${port}`;
    this.url = `http://${this.target}`;
    const child = { parent: this };
    const data = new Volume(`${name}-data`, { platform, owner: user, data: true }, child);
    const config = new Files(`${name}-config`, { platform, files: { "loki.yml": renderLokiConfig({ host: name, port, retention }) } }, child);
    new docker.Container(
      name,
      {
        image: platform.image("loki"),
        entrypoints: ["/usr/bin/loki"],
        command: ["-config.file=/etc/berth/loki.yml"],
        user: `${user}:${user}`,
        // The collector of Go's memory works harder before the limit ends the process.
        envs: ["GOMEMLIMIT=450MiB"],
        mounts: [data.mount(lokiData), config.mount("/etc/berth")],
        networksAdvanced: [{ name: network, aliases: [name] }],
        labels: labelsOf(platform, name),
        ...healthGated(["CMD", "/usr/bin/loki", "-health", `-health.url=${this.url}/ready`]),
        ...hardened(sizeOf(platform, "loki")),
        ...locallyLogged(platform, name),
      },
      containerOptions(this, false),
    );
    this.registerOutputs({});
  }
}
