import * as pulumi from "@pulumi/pulumi";
import { Alertmanager, type Alerts } from "./alertmanager.ts";
import { Exporters, type ExportersArgs } from "./exporters.ts";
import { Grafana } from "./grafana.ts";
import { LogCollector } from "./log-collector.ts";
import { Loki } from "./loki.ts";
import { Prometheus } from "./prometheus.ts";
import type { ReplicatedService, ScrapedApplication, Scheduler, WatchedWorkers } from "./prometheus-config.ts";
import { backupAges } from "../postgres/backup-ages.ts";
import { below } from "../docker/naming.ts";
import type { Tools } from "../docker/tools.ts";
import type { RouteArgs } from "../traefik/routes.ts";
import { labels } from "../docker/labels.ts";

/** On a network of its own, by name. */
type OnNetwork<Part> = Part & { network: pulumi.Input<string> };

export interface MonitoringArgs extends ExportersArgs {
  /** Applications with metrics. @default none */
  applications?: OnNetwork<ScrapedApplication>[];
  /** Applications with schedules. @default none */
  schedulers?: OnNetwork<Scheduler>[];
  /** Applications whose workers say how their health commands ended. @default none */
  workers?: OnNetwork<WatchedWorkers>[];
  /** Services of the swarm. @default none */
  services?: OnNetwork<ReplicatedService>[];
  /** Host names that are served by HTTPS. @default none */
  httpsHosts?: string[];
  /** How long samples are kept, for example `15d`. */
  retention: string;
  /** MiB that samples may take of the disk; beyond it the oldest go. @default 4096 */
  size?: number;
  /** Where alerts are sent. @default they are only shown */
  alerts?: Alerts;
  /** Host name of Grafana's route, and its address in the browser. @default no Grafana */
  grafana?: { host: string; url: string };
  /** Keep what the containers print for `retention`, taken at `port` on 127.0.0.1 of the Docker host. @default no Loki */
  logs?: { port: number; retention: string; tools: Tools };
}

/**
 * The monitoring of a stack: exporters, Prometheus, which also scrapes Traefik and the applications, Alertmanager where
 * alerts are to be sent, Grafana where it is asked for, and Loki with a collector where the stack's lines go there.
 *
 * @example
 * const monitoring = new Monitoring("monitoring", { platform, network: networks.monitoring, postgres, redis, retention: "15d" });
 */
export class Monitoring extends pulumi.ComponentResource {
  readonly prometheus: Prometheus;
  /** Undefined where alerts are sent nowhere. */
  readonly alertmanager: Alertmanager | undefined;
  /** Undefined where it was not asked for. */
  readonly grafana: Grafana | undefined;

  constructor(name: string, args: MonitoringArgs, opts?: pulumi.ComponentResourceOptions) {
    super("berth:index:Monitoring", name, {}, opts);
    const { platform, network, postgres, redis, applications = [], schedulers = [], workers = [], services = [], httpsHosts, retention, size, alerts, grafana, logs, named = below(name) } = args;
    const child = { parent: this };
    const exporters = new Exporters(named("exporters"), { platform, network, postgres, redis, metricFiles: args.metricFiles, named: args.named }, child);
    const networks = new Map([...applications, ...schedulers, ...workers, ...services].map((app) => [app.name, app.network]));
    this.alertmanager = alerts && new Alertmanager(named("alertmanager"), { platform, network, alerts }, child);
    const alertmanager = this.alertmanager?.target;
    const loki = logs && new Loki(named("loki"), { platform, network, retention: logs.retention }, child);
    const collector = loki && new LogCollector(named("log-collector"), { platform, network, loki, port: logs.port, tools: logs.tools, intakeNetwork: args.named?.("logs") }, child);
    const parts = {
      ...exporters.targets,
      traefik: "traefik:8080",
      ...(alertmanager !== undefined && { alertmanager }),
      ...(grafana !== undefined && { grafana: `${named("grafana")}:3000` }),
      ...(loki !== undefined && { loki: loki.target }),
      ...(collector !== undefined && { "log-collector": collector.target }),
    };
    const stack = platform.labels[labels.stack];
    const backups = postgres.backupTimes && { ...backupAges(postgres.backupTimes), snapshots: args.metricFiles !== undefined };
    this.prometheus = new Prometheus(
      named("prometheus"),
      {
        platform,
        network,
        applicationNetworks: [...networks.values()],
        targets: { stack, parts, applications, schedulers, workers, services, httpsHosts, alertmanager, backups, logs: logs !== undefined },
        retention,
        size,
      },
      child,
    );
    this.grafana = grafana && new Grafana(named("grafana"), { ...grafana, platform, network, prometheus: this.prometheus, loki, applications, backups }, child);
    this.registerOutputs({});
  }

  /** What to type on the Docker host to ask the parts that publish nothing, by part. */
  sessions(): Record<string, pulumi.Output<string>> {
    return { prometheus: this.prometheus.query("up"), ...(this.alertmanager !== undefined && { alertmanager: this.alertmanager.list() }) };
  }

  /** The routes of Grafana, and of Prometheus under a host name; none without one. */
  routes(host: string | undefined): RouteArgs[] {
    const others = this.grafana === undefined ? [] : [this.grafana.route];
    if (host === undefined) return others;
    const { host: name, port, containerName } = this.prometheus;
    // It answers whoever has no login with 401, and Traefik's check has none.
    return [{ name, host, servers: [containerName], port, healthPath: "/-/ready", healthStatus: 401 }, ...others];
  }
}
