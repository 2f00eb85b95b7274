import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import type { Metrics } from "../app/definition.ts";
import type { BackupAges } from "../postgres/backup-ages.ts";
import { Files } from "../docker/files.ts";
import { grafanaSecrets, provisioning, renderDashboardProvider, renderDatasources, renderGrafanaIni, renderLokiDatasource } from "./grafana-config.ts";
import { dashboards } from "./grafana-dashboards.ts";
import { containerOptions, hardened } from "../docker/hardening.ts";
import { healthGated } from "../docker/health.ts";
import { logged } from "../docker/logging.ts";
import type { Loki } from "./loki.ts";
import { labelsOf, type Platform } from "../docker/platform.ts";
import { sizeOf } from "../docker/sizes.ts";
import type { Prometheus } from "./prometheus.ts";
import type { RouteArgs } from "../traefik/routes.ts";
import { Volume } from "../docker/volume.ts";

export interface GrafanaArgs {
  platform: Platform;
  /** The monitoring network, by name; Traefik and Prometheus are on it. */
  network: pulumi.Input<string>;
  prometheus: Prometheus;
  /** @default no data source for lines */
  loki?: Loki;
  /** Applications with dashboards of their own. @default none */
  applications?: readonly Pick<Metrics, "dashboards">[];
  /** When backups of Postgres are too old. @default as with one each day, and a restore drill each week */
  backups?: BackupAges;
  /** Host name of its route. */
  host: string;
  /** Its address in the browser. */
  url: string;
}

const user = 472;

/**
 * Grafana, with a data source and dashboards that are files, and a generated password.
 *
 * Its volume holds users and sessions. The password is the one of the first start: a later one is set in Grafana.
 *
 * @example
 * const grafana = new Grafana("grafana", { platform, network: networks.monitoring, prometheus, host, url: `https://${host}` });
 */
export class Grafana extends pulumi.ComponentResource {
  /** Password of the user `admin`. */
  readonly password: pulumi.Output<string>;
  readonly route: RouteArgs;

  constructor(name: string, args: GrafanaArgs, opts?: pulumi.ComponentResourceOptions) {
    super("berth:index:Grafana", name, {}, opts);
    const { platform, network, prometheus, loki, applications, backups, host, url } = args;
    const port = 3000;
    const child = { parent: this };
    this.password = pulumi.secret(new random.RandomPassword(`${name}-password`, { length: 32, special: false }, child).result);
    const key = new random.RandomPassword(`${name}-key`, { length: 32, special: false }, child).result;
    const data = new Volume(`${name}-data`, { platform, owner: user, data: true }, child);
    const files = (of: string, content: Record<string, pulumi.Input<string>>) => new Files(`${name}-${of}`, { platform, files: content }, child);
    const config = files("config", { "grafana.ini": renderGrafanaIni(url) });
    const datasources = files("datasources", {
      "prometheus.yaml": renderDatasources(`http://${prometheus.host}:${prometheus.port}`, prometheus.username),
      ...(loki !== undefined && { "loki.yaml": renderLokiDatasource(loki.url) }),
    });
    const shown = files("dashboards", {
      "berth.yaml": renderDashboardProvider(),
      ...Object.fromEntries(Object.entries(dashboards(applications, backups)).map(([uid, dashboard]) => [`${uid}.json`, JSON.stringify(dashboard)])),
    });
    const secrets = files("secret", {
      [grafanaSecrets.admin]: this.password,
      [grafanaSecrets.key]: pulumi.secret(key),
      [grafanaSecrets.prometheus]: prometheus.password,
    });
    const container = new docker.Container(
      name,
      {
        image: platform.image("grafana"),
        entrypoints: ["grafana"],
        command: ["server", "--config=/etc/berth/grafana.ini", "--homepath=/usr/share/grafana"],
        user: `${user}:${user}`,
        mounts: [
          data.mount("/var/lib/grafana"),
          config.mount("/etc/berth"),
          datasources.mount(`${provisioning}/datasources`),
          shown.mount(`${provisioning}/dashboards`),
          secrets.mount("/run/secrets"),
        ],
        networksAdvanced: [{ name: network, aliases: [name] }],
        labels: labelsOf(platform, name),
        // Its first start makes a database.
        ...healthGated(["CMD", "wget", "-q", "-T", "4", "-O", "/dev/null", `http://127.0.0.1:${port}/api/health`], { healthWait: 120 }),
        ...hardened(sizeOf(platform, "grafana")),
        ...logged(platform, name),
      },
      containerOptions(this, false),
    );
    this.route = { name, host, servers: [container.name], port, healthPath: "/api/health" };
    this.registerOutputs({});
  }
}
