import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { containerOptions, hardened } from "../docker/hardening.ts";
import { healthGated } from "../docker/health.ts";
import { logged } from "../docker/logging.ts";
import { labelsOf, type Platform } from "../docker/platform.ts";
import { sizeOf } from "../docker/sizes.ts";
import type { RouteArgs } from "../traefik/routes.ts";

export interface MailCatcherArgs {
  platform: Platform;
  /** Network of Traefik, by name. */
  edgeNetwork: pulumi.Input<string>;
  /** Networks by name whose containers may send, by SMTP to `<name>:1025`. */
  networks: pulumi.Input<string>[];
  /** Host name of its route. */
  host: string;
}

const web = 1080;
const smtp = 1025;
const user = "1000:1000";

/**
 * MailDev: takes every mail that the applications of a development stack send, sends none on, and shows them.
 *
 * The mails are in memory: a new container has none.
 *
 * @example
 * new MailCatcher("mail", { platform, edgeNetwork, networks: [networks.app("shop")], host: "mail.localhost" });
 */
export class MailCatcher extends pulumi.ComponentResource {
  readonly route: RouteArgs;

  constructor(name: string, args: MailCatcherArgs, opts?: pulumi.ComponentResourceOptions) {
    super("berth:index:MailCatcher", name, {}, opts);
    const container = new docker.Container(
      name,
      {
        image: args.platform.image("maildev"),
        entrypoints: ["node", "/home/node/bin/maildev"],
        command: ["--web", `${web}`, "--smtp", `${smtp}`, "--mail-directory", "/tmp/mail"],
        user,
        networksAdvanced: [{ name: args.edgeNetwork }, ...args.networks.map((network) => ({ name: network, aliases: [name] }))],
        labels: labelsOf(args.platform, name),
        ...healthGated(["CMD", "wget", "-q", "-T", "4", "-O", "/dev/null", `http://127.0.0.1:${web}/healthz`], { stopGrace: 10 }),
        ...hardened(sizeOf(args.platform, "maildev")),
        ...logged(args.platform, name),
      },
      containerOptions(this, false),
    );
    this.route = { name, host: args.host, servers: [container.name], port: web, healthPath: "/healthz" };
    this.registerOutputs({});
  }
}
