import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { containerOptions, hardened } from "../docker/hardening.ts";
import { healthGated } from "../docker/health.ts";
import { logged } from "../docker/logging.ts";
import { labelsOf, type Platform } from "../docker/platform.ts";
import type { Postgres } from "../postgres/postgres.ts";
import { sizeOf } from "../docker/sizes.ts";
import type { RouteArgs } from "../traefik/routes.ts";

export interface DatabaseBrowserArgs {
  platform: Platform;
  /** Network of Traefik, by name. */
  edgeNetwork: pulumi.Input<string>;
  postgres: Pick<Postgres, "network" | "server">;
  /** Host name of its route. */
  host: string;
}

const port = 8080;
const user = "65534:65534";

/**
 * Adminer, to look into the databases of a stack that is for development.
 *
 * It has no login of its own: one logs in as an application's role, whose password is in the application's container as
 * /run/secrets/POSTGRES_PASSWORD.
 *
 * @example
 * new DatabaseBrowser("adminer", { platform, edgeNetwork, postgres, host: "adminer.localhost" });
 */
export class DatabaseBrowser extends pulumi.ComponentResource {
  readonly route: RouteArgs;

  constructor(name: string, args: DatabaseBrowserArgs, opts?: pulumi.ComponentResourceOptions) {
    super("berth:index:DatabaseBrowser", name, {}, opts);
    const container = new docker.Container(
      name,
      {
        image: args.platform.image("adminer"),
        entrypoints: ["php"],
        command: ["-S", `0.0.0.0:${port}`, "-t", "/var/www/html"],
        envs: [`ADMINER_DEFAULT_SERVER=${args.postgres.server}`],
        user,
        networksAdvanced: [{ name: args.edgeNetwork }, { name: args.postgres.network }],
        labels: labelsOf(args.platform, name),
        ...healthGated(["CMD", "php", "-r", `exit(@file_get_contents("http://127.0.0.1:${port}/") === false ? 1 : 0);`], { stopGrace: 10 }),
        ...hardened(sizeOf(args.platform, "adminer")),
        ...logged(args.platform, name),
      },
      containerOptions(this, true),
    );
    this.route = { name, host: args.host, servers: [container.name], port, healthPath: "/" };
    this.registerOutputs({});
  }
}
