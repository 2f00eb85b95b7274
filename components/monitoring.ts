import * as pulumi from "@pulumi/pulumi";
import { Alertmanager, type Alerts } from "./alertmanager.ts";
import { Exporters, type ExportersArgs } from "./exporters.ts";
import { Prometheus } from "./prometheus.ts";
import type { ScrapedApplication, Scheduler } from "./prometheus-config.ts";
import type { Route } from "./traefik-config.ts";

/** On a network of its own, by name. */
type OnNetwork<Part> = Part & { network: pulumi.Input<string> };

export interface MonitoringArgs extends ExportersArgs {
  /** Applications with metrics. @default none */
  applications?: OnNetwork<ScrapedApplication>[];
  /** Applications with schedules. @default none */
  schedulers?: OnNetwork<Scheduler>[];
  /** How long samples are kept, for example `15d`. */
  retention: string;
  /** Where alerts are sent. @default they are only shown */
  alerts?: Alerts;
}

/**
 * The monitoring of a stack: exporters, Prometheus, which also scrapes Traefik and the applications, and Alertmanager
 * where alerts are to be sent.
 *
 * @example
 * const monitoring = new Monitoring("monitoring", { platform, network: networks.monitoring, postgres, redis, retention: "15d" });
 */
export class Monitoring extends pulumi.ComponentResource {
  readonly prometheus: Prometheus;
  /** Undefined where alerts are sent nowhere. */
  readonly alertmanager: Alertmanager | undefined;

  constructor(name: string, args: MonitoringArgs, opts?: pulumi.ComponentResourceOptions) {
    super("berth:index:Monitoring", name, {}, opts);
    const { platform, network, postgres, redis, applications = [], schedulers = [], retention, alerts } = args;
    const child = { parent: this };
    const exporters = new Exporters("exporters", { platform, network, postgres, redis }, child);
    const networks = new Map([...applications, ...schedulers].map((app) => [app.name, app.network]));
    this.alertmanager = alerts && new Alertmanager("alertmanager", { platform, network, alerts }, child);
    const alertmanager = this.alertmanager?.target;
    const parts = { ...exporters.targets, traefik: "traefik:8080", ...(alertmanager !== undefined && { alertmanager }) };
    const stack = platform.labels["berth.stack"];
    this.prometheus = new Prometheus(
      "prometheus",
      {
        platform,
        network,
        applicationNetworks: [...networks.values()],
        targets: { stack, parts, applications, schedulers, alertmanager, backups: postgres.metricFiles !== undefined },
        retention,
      },
      child,
    );
    this.registerOutputs({});
  }

  /** The route that publishes Prometheus under a host name; none without one. */
  routes(host: string | undefined): pulumi.Output<Route>[] {
    if (host === undefined) return [];
    const { port, containerName } = this.prometheus;
    // It answers whoever has no login with 401, and Traefik's check has none.
    const route = (server: string) => ({ name: "prometheus", host, servers: [server], port, healthPath: "/-/ready", healthStatus: 401 });
    return [containerName.apply(route)];
  }
}
