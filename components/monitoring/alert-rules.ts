import { stringify } from "yaml";
import type { Metrics } from "../app/definition.ts";
import { backupMetrics } from "../postgres/backup-metrics.ts";
import { applicationJob, schedulerJob, scrapeLimits, type ScrapeTargets } from "./prometheus-config.ts";

/** One alert; docs/monitoring.md has what it means and the first command. */
export interface Alert {
  alert: string;
  expr: string;
  /** How long it must hold, so that one lost scrape or a deploy wakes nobody. @default at once */
  for?: string;
  /** How long it stays after `expr` no longer holds, for what is over in a moment. @default not at all */
  keep_firing_for?: string;
  labels: { severity: "critical" | "warning" | "none" };
  annotations: { summary: string; description: string };
}

/** What is watched beyond the parts that every stack has. */
type Watched = Pick<ScrapeTargets, "applications" | "schedulers" | "backups" | "logs">;

/** rules.yml. */
export function renderRules(watched: Watched): string {
  const late = watched.schedulers.some(({ tasks }) => tasks.some(({ alertAfter }) => alertAfter !== undefined));
  return stringify({
    groups: [
      ...(late ? [{ name: "schedules", rules: [succeeded] }] : []),
      { name: "berth", rules: alertsOf(watched) },
    ],
  });
}

/** Every alert of a stack. */
export function alertsOf({ applications, schedulers, backups = false, logs = false }: Watched): Alert[] {
  const jobs = [...applications.map(({ name }) => applicationJob(name)), ...schedulers.map(({ name }) => schedulerJob(name))];
  return [
    // Always fires: whoever receives it knows that Prometheus and Alertmanager work, and may call somebody when it stops.
    alert("DeadMansSwitch", "none", "vector(1)", "the alerts of this stack work", "It fires all the time. When it no longer arrives, run berth status"),
    ...targets(jobs),
    ...applicationAlerts,
    ...ownOf(applications).flatMap(({ alerts = [] }) => alerts.map(applicationAlert)),
    ...schedulers.flatMap(scheduleAlerts),
    ...dataAlerts,
    ...hostAlerts,
    ...certificateAlerts(ownOf(applications).flatMap(({ certificates }) => certificates ?? [])),
    ...(backups ? backupAlerts : []),
    ...(logs ? logAlerts : []),
    ...ownAlerts,
  ];
}

function alert(name: string, severity: Alert["labels"]["severity"], expr: string, summary: string, description: string, times: Pick<Alert, "for" | "keep_firing_for"> = {}): Alert {
  return { alert: name, expr, ...times, labels: { severity }, annotations: { summary, description } };
}

const minute = { for: "1m" };
const log = "berth logs";

function targets(jobs: string[]): Alert[] {
  // A name that no container answers to is no target at all, so it can't be a target that is down.
  const absent = jobs.map((job) => ` or absent(up{job="${job}"})`).join("");
  const expr = `up == 0${absent}`;
  return [alert("TargetMissing", "critical", expr, "{{ $labels.job }} does not answer Prometheus", "Is its container there, and healthy: berth status", minute)];
}

const requests = (filter = "") => `sum by (service) (rate(traefik_service_requests_total${filter}[5m]))`;

const applicationAlerts = [
  alert("ServerDown", "warning", "traefik_service_server_up == 0", "{{ $labels.url }} of {{ $labels.service }} fails its health check", `The other replicas serve: ${log} <application>`, minute),
  alert("ServiceDown", "critical", "max by (service) (traefik_service_server_up) == 0", "no server of {{ $labels.service }} is well", `Requests are tried on each all the same, and most fail: ${log} <application>`, minute),
  // Below one request in 10 s a single error would be the share that alerts.
  alert("ServiceErrors", "critical", `${requests('{code=~"5.."}')} / ${requests()} > 0.05 and ${requests()} > 0.1`, "more than 5 % of the requests to {{ $labels.service }} fail", `Answers of 500 and above in 5 minutes: ${log} <application>`, { for: "2m" }),
  // A crash is over in seconds, but one that comes back each few minutes is not.
  alert("RestartLoop", "critical", "sum by (job, app) (changes(process_start_time_seconds[15m])) > 3", "{{ $labels.job }} has started more than 3 times in 15 minutes", `Its last words are in its log: ${log}`, { keep_firing_for: "5m" }),
];

/** What applications bring, once where several run from one folder. */
function ownOf(applications: readonly Metrics[]): Metrics[] {
  const distinct = new Map(applications.map(({ alerts, certificates }) => [JSON.stringify({ alerts, certificates }), { port: 0, alerts, certificates }]));
  return [...distinct.values()];
}

function applicationAlert({ name, severity, expr, for: wait, summary, description }: NonNullable<Metrics["alerts"]>[number]): Alert {
  return alert(name, severity, expr, summary, description, wait === undefined ? {} : { for: wait });
}

/** True for about a minute after a counter has risen; one that appears with 1 has risen too. */
const rose = (counter: string) => `max by (app, task) (${counter} > (${counter} offset 1m) or (${counter} == 1 unless ${counter} offset 1m))`;

/** When a schedule succeeded, beyond the life of the container that counted it. */
const succeeded = { record: "berth_schedule_succeeded", expr: rose("supercronic_successful_executions") };

function scheduleAlerts({ name, tasks }: ScrapeTargets["schedulers"][number]): Alert[] {
  const look = `Its last runs: berth schedules; what they said: ${log} {{ $labels.app }}`;
  return tasks.flatMap(({ name: task, alertAfter }) => {
    const of = `{app="${name}",task="${task}"}`;
    const failed = alert("ScheduleFailed", "warning", rose(`supercronic_failed_executions${of}`), "the schedule {{ $labels.task }} of {{ $labels.app }} has failed", look, { keep_firing_for: "15m" });
    if (alertAfter === undefined) return failed;
    // Watched for that long, and no success in it: a new stack has time for the first run, and a deploy starts no new wait.
    const watched = `max by (app, task) (last_over_time(up${of}[10m] offset ${alertAfter}s))`;
    const expr = `${watched} unless last_over_time(berth_schedule_succeeded${of}[${alertAfter}s])`;
    return [failed, alert("ScheduleLate", "critical", expr, "the schedule {{ $labels.task }} of {{ $labels.app }} has not succeeded for too long", look)];
  });
}

const dataAlerts = [
  alert("PostgresDown", "critical", "pg_up == 0", "Postgres does not answer its exporter", `Why is in its log: ${log} postgres`, minute),
  alert("PostgresConnectionsHigh", "warning", "sum(pg_stat_activity_count) / max(pg_settings_max_connections) > 0.8", "more than 80 % of Postgres's connections are in use", "Who has them: berth psql, then SELECT usename, state, count(*) FROM pg_stat_activity GROUP BY 1, 2", { for: "5m" }),
  alert("RedisDown", "critical", "redis_up == 0", "Redis does not answer its exporter", `A damaged append-only file stops it, and it says so: ${log} redis`, minute),
  alert("RedisMemoryHigh", "warning", "redis_memory_used_bytes / (redis_memory_max_bytes > 0) > 0.9", "Redis is more than 90 % full", "At 100 % berth:redis.policy decides. What it holds: berth redis, then INFO keyspace", minute),
];

// No file system of the host is mounted, but /etc/hosts of each container is a file on the disk of Docker's data.
const disk = (metric: string) => `node_filesystem_${metric}_bytes{mountpoint="/etc/hosts"}`;

const hostAlerts = [
  alert("DiskAlmostFull", "critical", `${disk("avail")} / ${disk("size")} < 0.1`, "less than 10 % of the disk of Docker's data is free", "What takes it: docker system df -v", minute),
  // A quarter free, or the first hours of a new disk would alert.
  alert("DiskFullSoon", "warning", `predict_linear(${disk("avail")}[6h], 86400) < 0 and ${disk("avail")} / ${disk("size")} < 0.25`, "the disk of Docker's data will be full within a day", "What takes it: docker system df -v", { for: "15m" }),
  // The kernel counts for the whole host: it says that a container was killed, not which.
  alert("OutOfMemory", "critical", "increase(node_vmstat_oom_kill[10m]) > 0", "the kernel has killed a process for lack of memory", "Which: docker events --since 15m --until 0s --filter event=oom"),
];

const days = (expr: string) => `(${expr} - time()) / 86400`;

/** Of the certificates that Traefik has loaded, and of those that applications have seen. */
function certificateAlerts(seen: NonNullable<Metrics["certificates"]>[]): Alert[] {
  const ends = ["min by (cn, sans) (traefik_tls_certs_not_after)", ...seen.map(({ metric, label }) => `min by (${label}) (${metric})`)];
  const left = days(`(${ends.join(" or ")})`);
  const whose = ["cn", ...seen.map(({ label }) => label)].map((label) => `{{ $labels.${label} }}`).join("");
  return [
    alert("CertificateExpiresSoon", "warning", `${left} < 20`, `the certificate of ${whose} ends in less than 20 days`, `It should have been renewed 30 days before: ${log} traefik`, { for: "1h" }),
    alert("CertificateExpires", "critical", `${left} < 3`, `the certificate of ${whose} ends in less than 3 days`, `Why it is not renewed: ${log} traefik`, minute),
  ];
}

/** Older than `age` seconds, or never, on a host that has been watched for that long. */
const stale = (timestamp: string, age: number) => `time() - ${timestamp} > ${age} or (max(up{job="node"} offset ${age}s) unless on () ${timestamp})`;
const { lastSuccess, success, drillLastSuccess, drillSuccess } = backupMetrics;

const backupAlerts = [
  alert("BackupStale", "critical", stale(lastSuccess, 26 * 3600), "the newest backup is older than 26 hours", `A daily backup was missed: ${log} postgres`, minute),
  alert("BackupFailed", "warning", `${success} == 0`, "the last backup has failed", `Why is in its log: ${log} postgres`, minute),
  alert("RestoreDrillStale", "critical", stale(drillLastSuccess, 8 * 86_400), "the last restore that succeeded is older than 8 days", `A weekly drill was missed: ${log} postgres`, minute),
  alert("RestoreDrillFailed", "critical", `${drillSuccess} == 0`, "the newest backup could not be restored", `Why is in its log: ${log} postgres`, minute),
];

/** True for 10 minutes after a counter has risen; one that appears above 0 has risen too. */
const grew = (counter: string) => `sum by (job) (increase(${counter}[10m])) > 0 or sum by (job) (${counter} unless ${counter} offset 10m) > 0`;
const lineRate = (counter: string) => `sum by (job) (rate(${counter}[5m])) > 0`;

const logAlerts = [
  // Refused or failed: its memory or its queue is full. Not sent: Loki would never take them.
  alert("LogsLost", "critical", ["receiver_refused", "receiver_failed", "exporter_send_failed"].map((what) => grew(`otelcol_${what}_log_records_total`)).join(" or "), "lines of containers are lost to Loki", `The newest are on the host still: ${log} <part>. Why is said by ${log} log-collector and ${log} loki`),
  alert("LogsNotStored", "warning", `${lineRate("otelcol_receiver_accepted_log_records_total")} unless ${lineRate("otelcol_exporter_sent_log_records_total")}`, "Loki takes no lines", `They wait on the collector's volume, 256 MiB at most: ${log} loki`, { for: "5m" }),
];

/** Of applications and their schedules. */
const scraped = '{job=~"(app|schedules)-.+"}';
const exceeded = ["target_scrapes_exceeded_body_size_limit_total", "target_scrape_pool_exceeded_label_limits_total"].map((name) => `increase(prometheus_${name}[10m]) > 0`);

const ownAlerts = [
  alert("MetricsRefused", "warning", [`scrape_samples_post_metric_relabeling${scraped} > ${scrapeLimits.sample_limit}`, ...exceeded].join(" or "), "{{ $labels.job }} brings more figures than are taken, or longer ones", `None of that scrape are kept. Which: ${log} prometheus`, { keep_firing_for: "5m" }),
  // Each new series is kept in memory for two hours or more: five applications' worth of them in 10 minutes is no deploy.
  alert("MetricsChurn", "critical", `sum by (job) (sum_over_time(scrape_series_added${scraped}[10m])) > 25000`, "{{ $labels.job }} brings new series all the time", `Prometheus will run out of memory: take metrics out of its app.ts, and look into it: ${log} <application>`),
  alert("MetricsCutShort", "warning", "increase(prometheus_tsdb_size_retentions_total[1h]) > 0", "samples are removed before their time, for lack of room", `Raise berth:monitoring.size, or find who brings so many: berth status`),
  alert("AlertsNotSent", "critical", "sum by (integration) (increase(alertmanager_notifications_failed_total[10m])) > 0", "Alertmanager could not send by {{ $labels.integration }}", `Why is in its log: ${log} alertmanager`, minute),
  alert("RulesFail", "critical", "increase(prometheus_rule_evaluation_failures_total[10m]) > 0", "Prometheus could not evaluate a rule of {{ $labels.rule_group }}", `Which is in its log: ${log} prometheus`, minute),
];
