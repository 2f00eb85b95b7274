import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { containerOptions, hardened } from "../docker/hardening.ts";
import { healthGated } from "../docker/health.ts";
import { logged } from "../docker/logging.ts";
import { labelsOf, type Platform } from "../docker/platform.ts";
import { sizeOf } from "../docker/sizes.ts";
import { healthAddress } from "./gateway-config.ts";
import type { Postgres } from "./postgres.ts";

export interface GatewayArgs {
  platform: Platform;
  postgres: Pick<Postgres, "host" | "network" | "gatewayConfig">;
  /** Network of the application, by name. */
  network: pulumi.Input<string>;
}

/** User and group id of `haproxy` in its image. */
const user = "99:99";

/**
 * What an application reaches as `postgres`: HAProxy on its network, with the server behind.
 *
 * So the server is on no application's network, and an application that comes or goes restarts nothing that others use; and
 * while the server restarts, new connections wait. A new gateway is there before the old one leaves.
 *
 * @example
 * const gateway = new Gateway("shop-gateway", { platform, postgres, network: networks.app("shop") });
 * gateway.started; // what connects waits for it
 */
export class Gateway extends pulumi.ComponentResource {
  /** Its container, known once it takes connections. */
  readonly started: pulumi.Output<docker.Container>;

  constructor(name: string, { platform, postgres, network }: GatewayArgs, opts?: pulumi.ComponentResourceOptions) {
    super("berth:index:Gateway", name, {}, opts);
    const container = new docker.Container(
      name,
      {
        image: platform.image("gateway"),
        entrypoints: ["haproxy"],
        command: ["-db", "-f", "/etc/berth/haproxy.cfg"],
        user,
        mounts: [postgres.gatewayConfig.mount("/etc/berth")],
        networksAdvanced: [{ name: network, aliases: [postgres.host] }, { name: postgres.network }],
        // A part of the platform: what is labelled as an application's runs its image.
        labels: labelsOf(platform, name),
        // By the image's own signal it would take no connection any more, and be found by its name still, until the last one ends.
        stopSignal: "SIGTERM",
        ...healthGated(["CMD", "wget", "-q", "-T", "4", "-O", "/dev/null", `http://${healthAddress}/`], { stopGrace: 10 }),
        ...hardened(sizeOf(platform, "gateway")),
        ...logged(platform, name),
      },
      containerOptions(this, true),
    );
    this.started = container.name.apply(() => container);
    this.registerOutputs({});
  }
}
