import { stringify } from "yaml";
import type { Metrics } from "../app/definition.ts";
import { roleAlias, workerFigures, workerLastHealthy } from "../app/worker-health.ts";
import type { BackupAges } from "../postgres/backup-ages.ts";

/** An application whose replicas answer to `<name>-metrics` on its own network. */
export interface ScrapedApplication extends Metrics {
  name: string;
}

/** The schedules of an application; each answers to `<application>-schedule-<name>` on the application's own network. */
export interface Scheduler {
  /** The application. */
  name: string;
  tasks: ScheduledTask[];
}

export interface ScheduledTask {
  name: string;
  /** Seconds without a successful run after which an alert fires. @default none */
  alertAfter?: number;
}

/** The workers of an application; those of a role answer to `<application>-<role>` on the application's own network. */
export interface WatchedWorkers {
  /** The application. */
  name: string;
  /** `worker`, or `worker-mail`. */
  roles: string[];
}

/** A service of the swarm: DNS answers to `<name>-<role>`, on the application's own network, with the replicas that are well. */
export interface ReplicatedService {
  /** The application. */
  name: string;
  /** `web`, `worker`, or `worker-mail`. */
  role: string;
  replicas: number;
}

export interface ScrapeTargets {
  /** The stack, as label of every alert that is sent. @default no label */
  stack?: string;
  /** Parts of the stack, job name to `host:port`. */
  parts: Record<string, string>;
  applications: ScrapedApplication[];
  schedulers: Scheduler[];
  /** Applications whose workers say how their health commands ended. @default none */
  workers?: WatchedWorkers[];
  /** Services of the swarm. @default none */
  services?: ReplicatedService[];
  /** Host names that are served by HTTPS. @default none */
  httpsHosts?: string[];
  /** When backups of Postgres are too old. @default not backed up */
  backups?: BackupAges;
  /** Lines go to Loki by the stack's collector. @default false */
  logs?: boolean;
  /** Where alerts are sent, `host:port`. @default they are only shown */
  alertmanager?: string;
}

/** The login of Prometheus, and where its container and whoever asks it find the password. */
export const login = { username: "berth", password_file: "/run/secrets/password" };

const schedulerPort = 9746;

/** Job names of what applications have; none can be that of a part. */
export const applicationJob = (name: string) => `app-${name}`;
export const schedulerJob = (name: string) => `schedules-${name}`;
export const workerJob = (name: string) => `worker-${name}`;
export const replicasJob = ({ name, role }: Pick<ReplicatedService, "name" | "role">) => `replicas-${name}-${role}`;
/** Nobody listens there: the targets of a service are counted, and never read. */
const discard = 9;

/** What one scrape of an application may bring: one that brings more is dropped as a whole, and an alert says so. */
export const scrapeLimits = {
  sample_limit: 5000,
  body_size_limit: "4MB",
  label_limit: 30,
  label_name_length_limit: 200,
  label_value_length_limit: 1000,
};

/** Names of the parts' own figures: an application that brought them could silence the parts' alerts, or fire them. */
const partsFigures = (names: string[]) => ({ action: "drop", source_labels: ["__name__"], regex: `(${names.join("|")})_.*` });
const parts = ["alertmanager", "berth", "node", "otelcol", "pg", "prometheus", "redis", "traefik"];

/** prometheus.yml. */
export function renderPrometheusConfig({ stack, parts: targets, applications, schedulers, workers = [], services = [], alertmanager }: ScrapeTargets): string {
  return stringify({
    global: { scrape_interval: "15s", evaluation_interval: "15s", ...(stack !== undefined && { external_labels: { stack } }) },
    rule_files: ["/etc/berth/rules.yml"],
    ...(alertmanager !== undefined && { alerting: { alertmanagers: [{ static_configs: [{ targets: [alertmanager] }] }] } }),
    scrape_configs: [
      ...Object.entries(targets).map(([job_name, target]) => ({
        job_name,
        ...(job_name === "prometheus" && { basic_auth: login }),
        // Servers that no request goes to yet: whether they are well is a matter of their deploy.
        ...(job_name === "traefik" && { metric_relabel_configs: [{ action: "drop", source_labels: ["service"], regex: "next_.*" }] }),
        static_configs: [{ targets: [target] }],
      })),
      ...applications.map(({ name, port, path = "/metrics" }) => ({
        job_name: applicationJob(name),
        metrics_path: path,
        ...scrapeLimits,
        ...named([`${name}-metrics`], port),
        relabel_configs: [{ target_label: "app", replacement: name }],
        metric_relabel_configs: [partsFigures([...parts, "supercronic"])],
      })),
      ...schedulers.map(({ name, tasks }) => ({
        job_name: schedulerJob(name),
        ...scrapeLimits,
        ...named(tasks.map((task) => `${name}-schedule-${task.name}`), schedulerPort),
        relabel_configs: [
          { target_label: "app", replacement: name },
          { source_labels: ["__meta_dns_name"], regex: `${name}-schedule-(.+)`, target_label: "task" },
        ],
        // The task says which one it is; a command may be long, and changes.
        metric_relabel_configs: [{ action: "labeldrop", regex: "command|position" }, partsFigures(parts)],
      })),
      ...workers.map(({ name, roles }) => ({
        job_name: workerJob(name),
        metrics_path: workerFigures.path,
        ...scrapeLimits,
        ...named(roles.map((role) => roleAlias(name, role)), workerFigures.port),
        relabel_configs: [
          { target_label: "app", replacement: name },
          { source_labels: ["__meta_dns_name"], regex: roleAlias(name, "(.+)"), target_label: "role" },
        ],
        metric_relabel_configs: [{ action: "keep", source_labels: ["__name__"], regex: `${workerLastHealthy}|process_start_time_seconds` }],
      })),
      ...services.map(({ name, role }) => ({
        job_name: replicasJob({ name, role }),
        ...named([roleAlias(name, role)], discard),
        relabel_configs: [
          { target_label: "app", replacement: name },
          { target_label: "role", replacement: role },
        ],
      })),
    ],
  });
}

/** web.yml: the login that Prometheus asks for. @param hash bcrypt's of the password */
export function renderWebConfig(hash: string): string {
  return stringify({ basic_auth_users: { [login.username]: hash } });
}

/** client.yml: the login for promtool in Prometheus's own container. */
export function renderClientConfig(): string {
  return stringify({ basic_auth: login });
}

/** Every container that answers to one of the names, asked for anew each 15 s: replicas come and go. */
function named(names: string[], port: number) {
  return { dns_sd_configs: [{ names, type: "A", port, refresh_interval: "15s" }] };
}
