import * as pulumi from "@pulumi/pulumi";
import { DatabaseBrowser } from "./database-browser.ts";
import { MailCatcher } from "./mail-catcher.ts";
import { below, type Naming } from "../docker/naming.ts";
import type { Platform } from "../docker/platform.ts";
import type { Postgres } from "../postgres/postgres.ts";
import type { RouteArgs } from "../traefik/routes.ts";

export interface DeveloperToolsArgs {
  platform: Platform;
  /** Network of Traefik, by name. */
  edgeNetwork: pulumi.Input<string>;
  /** What the database browser looks into. @default nothing, and there is none */
  postgres?: Pick<Postgres, "network" | "server"> | undefined;
  /** Networks of the applications, by name. */
  appNetworks: pulumi.Input<string>[];
  /** Host name of the database browser. @default not there */
  databases?: string | undefined;
  /** Host name of the mail catcher. @default not there */
  mail?: string | undefined;
  /** Names of its parts. @default `<name>-<part>` */
  named?: Naming;
}

/**
 * Tools for people who write code: a database browser and a mail catcher.
 *
 * @example
 * const developer = new DeveloperTools("developer", { platform, edgeNetwork, appNetworks, mail: "mail.localhost" });
 */
export class DeveloperTools extends pulumi.ComponentResource {
  readonly routes: RouteArgs[] = [];

  constructor(name: string, args: DeveloperToolsArgs, opts?: pulumi.ComponentResourceOptions) {
    super("berth:index:DeveloperTools", name, {}, opts);
    const { platform, edgeNetwork, postgres, databases, mail, named = below(name) } = args;
    const child = { parent: this };
    if (databases !== undefined && postgres !== undefined) {
      this.routes.push(new DatabaseBrowser(named("adminer"), { platform, edgeNetwork, postgres, host: databases }, child).route);
    }
    if (mail !== undefined) this.routes.push(new MailCatcher(named("mail"), { platform, edgeNetwork, networks: args.appNetworks, host: mail }, child).route);
    this.registerOutputs({});
  }
}
