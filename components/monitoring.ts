import * as pulumi from "@pulumi/pulumi";
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
}

/**
 * The monitoring of a stack: exporters, and Prometheus, which also scrapes Traefik and the applications.
 *
 * @example
 * const monitoring = new Monitoring("monitoring", { platform, network: networks.monitoring, postgres, redis, retention: "15d" });
 */
export class Monitoring extends pulumi.ComponentResource {
  readonly prometheus: Prometheus;

  constructor(name: string, args: MonitoringArgs, opts?: pulumi.ComponentResourceOptions) {
    super("berth:index:Monitoring", name, {}, opts);
    const { platform, network, postgres, redis, metricFiles, applications = [], schedulers = [], retention } = args;
    const child = { parent: this };
    const exporters = new Exporters("exporters", { platform, network, postgres, redis, metricFiles }, child);
    const networks = new Map([...applications, ...schedulers].map((app) => [app.name, app.network]));
    const parts = { ...exporters.targets, traefik: "traefik:8080" };
    this.prometheus = new Prometheus(
      "prometheus",
      { platform, network, applicationNetworks: [...networks.values()], targets: { parts, applications, schedulers }, retention },
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
