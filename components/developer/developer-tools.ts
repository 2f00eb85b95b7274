import * as pulumi from "@pulumi/pulumi";
import { DatabaseBrowser } from "./database-browser.ts";
import { MailCatcher } from "./mail-catcher.ts";
import { below, type Naming } from "../docker/naming.ts";
import type { Platform } from "../docker/platform.ts";
import type { RouteArgs } from "../traefik/routes.ts";

export interface DeveloperToolsArgs {
  platform: Platform;
  /** Network of Traefik, by name. */
  edgeNetwork: pulumi.Input<string>;
  /** Networks on which Postgres is, by name; the database browser joins the first. */
  dataNetworks: pulumi.Input<string>[];
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
 * const developer = new DeveloperTools("developer", { platform, edgeNetwork, dataNetworks, appNetworks, mail: "mail.localhost" });
 */
export class DeveloperTools extends pulumi.ComponentResource {
  readonly routes: RouteArgs[] = [];

  constructor(name: string, args: DeveloperToolsArgs, opts?: pulumi.ComponentResourceOptions) {
    super("berth:index:DeveloperTools", name, {}, opts);
    const { platform, edgeNetwork, databases, mail, named = below(name) } = args;
    const child = { parent: this };
    const [dataNetwork] = args.dataNetworks;
    if (databases !== undefined && dataNetwork !== undefined) {
      this.routes.push(new DatabaseBrowser(named("adminer"), { platform, edgeNetwork, dataNetwork, host: databases }, child).route);
    }
    if (mail !== undefined) this.routes.push(new MailCatcher(named("mail"), { platform, edgeNetwork, networks: args.appNetworks, host: mail }, child).route);
    this.registerOutputs({});
  }
}
