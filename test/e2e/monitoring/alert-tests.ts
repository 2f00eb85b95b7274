import { parse } from "yaml";
import monitor from "../../../apps/profiles/monitor/app.ts";
import type { Alert, Recorded } from "../../../components/monitoring/alert.ts";
import { renderRules } from "../../../components/monitoring/alert-rules.ts";

/** Series name and labels to values in promtool's notation: `0x60` is the value for 61 samples. */
type Series = Record<string, string>;

interface AlertCase {
  series: Series;
  /** Labels of the alert beyond its severity. */
  labels?: Record<string, string>;
  /** When it is looked at. @default "10m" */
  at?: string;
  /** Time between samples, and between evaluations: days would take minutes at the real one. @default "15s" */
  every?: string;
}

/** What an alert is tested with: series by which it fires, and by which it stays quiet. */
interface AlertCases {
  fires: AlertCase[];
  quiet: AlertCase[];
}

/** What the rules of the tests watch. */
export const watched = {
  applications: [{ name: "shop", port: 3000 }, { name: "monitor", ...monitor.metrics }],
  schedulers: [{ name: "shop", tasks: [{ name: "tidy", alertAfter: 3600 }] }],
  workers: [{ name: "shop", roles: ["worker", "worker-mail"] }],
  services: [{ name: "shop", role: "web" as const, replicas: 3 }],
  httpsHosts: ["shop.example"],
  backups: { backup: 26 * 3600, drill: 3 * 86_400, snapshots: true },
  logs: true,
};

const instance = { instance: "i", job: "j" };
const named = (metric: string, labels: Record<string, string> = instance) =>
  `${metric}{${Object.entries(labels).map(([name, value]) => `${name}="${value}"`).join(",")}}`;
/** One series a metric, all with the same labels. */
const all = (labels: Record<string, string>, values: Record<string, string>): Series =>
  Object.fromEntries(Object.entries(values).map(([metric, value]) => [named(metric, labels), value]));
/** A metric that fires with one value and not with the other. */
const gauge = (metric: string, bad: string, good: string, labels: Record<string, string> = instance, shown = labels): AlertCases => ({
  fires: [{ series: all(labels, { [metric]: bad }), labels: shown }],
  quiet: [{ series: all(labels, { [metric]: good }) }, { series: {} }],
});

const server = { ...instance, service: "shop@file", url: "http://shop-0:3000" };
const other = { ...server, url: "http://shop-1:3000" };
const disk = { ...instance, mountpoint: "/etc/hosts" };
const filesystem = (avail: string, mountpoint = "/etc/hosts") => all({ ...disk, mountpoint }, { node_filesystem_avail_bytes: avail, node_filesystem_size_bytes: "100x1600" });
const apps = { ...Object.fromEntries(["app-shop", "app-monitor"].map((job) => [named("up", { job }), "1x60"])), [named("up", { job: "schedules-shop", task: "tidy" })]: "1x60" };
const node = { [named("up", { job: "node" })]: "1x300" };
const worker = { job: "worker-shop", app: "shop", role: "worker", instance: "i" };
/** What an alert on the workers of a role is labelled by. */
const ofWorker = { job: "worker-shop", app: "shop", role: "worker" };
const mail = { ...ofWorker, role: "worker-mail" };
/** Workers of a role that passed their health commands at these times, and those that are there beside them. */
const passed = (of: typeof mail, ...values: string[]): Series => Object.assign({}, ...values.map((value, index) => ({ [named("berth_worker_last_healthy_timestamp_seconds", { ...of, instance: String(index) })]: value, [named("up", { ...of, instance: String(index) })]: /stale/.test(value) ? "1x20 stale" : "1x60" }))) as Series;
/** That the workers of the other role work. */
const mailing = passed(mail, "0+15x60", "0+15x60");
const working = { [named("up", worker)]: "1x60", [named("berth_worker_last_healthy_timestamp_seconds", worker)]: "0+15x60" };
const service = { job: "replicas-shop-web", app: "shop", role: "web" };
/** Replicas that the swarm's DNS names; nobody reads them. */
const replicas = (...values: string[]): Series => Object.fromEntries(values.map((value, index) => [named("up", { ...service, instance: String(index) }), value]));
const noReplica = { job: "replicas-shop-web", app: "shop", role: "web" };
const archiver = (failed: string, age: string): Series => all(instance, { pg_stat_archiver_failed_count: failed, pg_stat_archiver_last_archive_age: age });
const redisInfo = (policy: string): Series => ({ [named("redis_instance_info", { ...instance, maxmemory_policy: policy })]: "1x60" });
const full = all(instance, { redis_memory_used_bytes: "95x60", redis_memory_max_bytes: "100x60" });
const traefik = { [named("up", { job: "traefik" })]: "1x120" };
const certificateOf = (sans: string): Series => ({ [named("traefik_tls_certs_not_after", { cn: "", sans })]: `${90 * 86_400}x120` });
const requests = (errors: string, fine: string) => ({
  [named("traefik_service_requests_total", { service: "shop@file", code: "502" })]: errors,
  [named("traefik_service_requests_total", { service: "shop@file", code: "200" })]: fine,
});
const site = { app: "monitor", site: "shop" };
const certificate = { cn: "shop.example", sans: "www.shop.example" };
const task = { app: "shop", task: "tidy" };
const scheduler = (values: string, up = "1x400") => ({ [named("up", task)]: up, [named("supercronic_successful_executions", { ...task, instance: "a" })]: values });
const day = 86_400;
/** A time of a success that is `age` seconds ago at the start; and none at all, on a host that has been watched for `age`. */
const stale = (metric: string, age: number): AlertCases => ({
  fires: [
    { series: { [named(metric)]: `-${age}x60` }, labels: instance },
    { series: node, at: `${age / 3600 + 2}h`, every: "1h" },
  ],
  quiet: [
    { series: { [named(metric)]: "0x60" } },
    { series: { [named("up", { job: "node" })]: "1x60" } },
    // The host's exporter, which brings the times, is away: that is another alert.
    { series: { [named("up", { job: "node" })]: `1x${age / 3600 - 1} 0x9` }, at: `${age / 3600 + 2}h`, every: "1h" },
  ],
});

const cases: Record<string, AlertCases> = {
  DeadMansSwitch: { fires: [{ series: {} }], quiet: [] },
  TargetMissing: {
    fires: [
      { series: { [named("up")]: "0x60", ...apps }, labels: instance },
      { series: { ...apps, [named("up", { job: "app-shop" })]: "1x8 stale" }, labels: { job: "app-shop" } },
      // Of several schedules, one that has stopped.
      { series: { ...apps, [named("up", { job: "schedules-shop", task: "tidy" })]: "1x8 stale", [named("up", { job: "schedules-shop", task: "mail" })]: "1x60" }, labels: { job: "schedules-shop", task: "tidy" } },
    ],
    // Workers and services have alerts of their own.
    quiet: [{ series: { [named("up")]: "1x60", ...apps, [named("up", worker)]: "0x60", ...replicas("0x60") } }, { series: { [named("up")]: "1x37 0x1 1x20", ...apps } }],
  },
  ServerDown: gauge("traefik_service_server_up", "0x60", "1x60", server),
  ServiceDown: {
    fires: [{ series: { [named("traefik_service_server_up", server)]: "0x60", [named("traefik_service_server_up", other)]: "0x60" }, labels: { service: "shop@file" } }],
    quiet: [{ series: { [named("traefik_service_server_up", server)]: "0x60", [named("traefik_service_server_up", other)]: "1x60" } }],
  },
  ServiceErrors: {
    fires: [{ series: requests("0+6x60", "0+94x60"), labels: { service: "shop@file" } }],
    // One error in twenty, and one among two requests in five minutes.
    quiet: [{ series: requests("0+5x60", "0+95x60") }, { series: requests("0x30 1x30", "0x30 1x30") }, { series: requests("stale", "0+95x60") }],
  },
  RestartLoop: {
    fires: [{ series: { [named("process_start_time_seconds", { job: "j", app: "shop" })]: "1x4 2x4 3x4 4x4 5x40" }, labels: { job: "j", app: "shop" } }],
    // Deployed three times, and a new instance each time.
    quiet: [{ series: { [named("process_start_time_seconds", { job: "j", app: "shop" })]: "1x10 2x10 3x10 4x30" } }, { series: { [named("process_start_time_seconds", { ...instance, instance: "a" })]: "1x20 stale", [named("process_start_time_seconds", instance)]: "_x20 2x40" } }],
  },
  WorkerDown: {
    fires: [
      // It hangs: its health command passed last at the start.
      { series: { ...mailing, [named("up", worker)]: "1x60", [named("berth_worker_last_healthy_timestamp_seconds", worker)]: "0x60" }, at: "3m", labels: ofWorker },
      // It has never passed.
      { series: { ...mailing, [named("up", worker)]: "0x60" }, at: "2m", labels: ofWorker },
      // All of another role hang.
      { series: { ...working, ...passed(mail, "0x60", "0x60") }, at: "3m", labels: mail },
      // It has stopped.
      { series: { ...mailing, [named("up", worker)]: "1x8 stale", [named("berth_worker_last_healthy_timestamp_seconds", worker)]: "0+15x8 stale" }, labels: ofWorker },
    ],
    quiet: [
      // One of two hangs.
      { series: { ...working, ...passed(mail, "0+15x60", "0x60") } },
      { series: { ...mailing, [named("up", worker)]: "1x60", [named("berth_worker_last_healthy_timestamp_seconds", worker)]: "0+15x60" } },
      // One check was failed.
      { series: { ...mailing, [named("up", worker)]: "1x60", [named("berth_worker_last_healthy_timestamp_seconds", worker)]: "0+15x30 450x4 525+15x25" } },
      // Another version takes its place: the old container, both, the new one.
      {
        series: {
          ...mailing,
          [named("up", worker)]: "1x20 stale",
          [named("berth_worker_last_healthy_timestamp_seconds", worker)]: "0+15x20 stale",
          [named("up", { ...worker, instance: "j" })]: "_x18 0x2 1x40",
          [named("berth_worker_last_healthy_timestamp_seconds", { ...worker, instance: "j" })]: "_x20 300+15x40",
        },
      },
    ],
  },
  WorkerReplicaDown: {
    fires: [{ series: { ...working, ...passed(mail, "0+15x60", "0x60") }, labels: { ...mail, instance: "1" } }],
    // All work; all hang, which is WorkerDown; another version takes the place of one.
    quiet: [{ series: { ...working, ...mailing } }, { series: { ...working, ...passed(mail, "0x60", "0x60") } }, { series: { ...working, ...passed(mail, "0+15x60", "0+15x20 stale") } }],
  },
  ReplicasMissing: {
    fires: [{ series: replicas("0x60", "0x60", "0x20 stale"), labels: service }],
    quiet: [{ series: replicas("0x60", "0x60", "0x60") }, { series: replicas("0x60", "0x60", "0x30 _x4 0x26", "_x30 0x2 stale") }],
  },
  NoReplicas: {
    fires: [{ series: replicas("0x20 stale", "0x20 stale"), labels: noReplica }],
    quiet: [{ series: replicas("0x60", "0x20 stale") }],
  },
  ScheduleFailed: {
    fires: [
      { series: all(task, { supercronic_failed_executions: "_x30 1x10" }), labels: task },
      { series: all(task, { supercronic_failed_executions: "4x38 5x20" }), labels: task },
    ],
    quiet: [{ series: all(task, { supercronic_failed_executions: "4x60" }) }, { series: all(task, { supercronic_successful_executions: "1+1x60" }) }],
  },
  ScheduleLate: {
    fires: [
      { series: scheduler("_x8 1x400"), at: "65m", labels: task },
      { series: scheduler("_x400"), at: "65m", labels: task },
    ],
    quiet: [
      { series: scheduler("_x400"), at: "55m" },
      { series: scheduler("1x100 2x300"), at: "65m" },
      // A deploy: the container that counted is gone, and another one has not run it yet.
      { series: scheduler("_x100 1x50 stale"), at: "65m" },
      // Prometheus was away for half an hour: it is late by no more than before.
      { series: scheduler("_x100 1x50 stale", "1x100 _x120 1x180"), at: "65m" },
    ],
  },
  SiteDown: gauge("site_up", "0x60", "1x60", site),
  SiteUnchecked: gauge("site_check_timestamp_seconds", "-7200x60", "0x60", site),
  PostgresDown: gauge("pg_up", "0x60", "1x60"),
  PostgresConnectionsHigh: {
    fires: [{ series: all(instance, { pg_stat_activity_count: "81x60", pg_settings_max_connections: "100x60" }) }],
    quiet: [{ series: all(instance, { pg_stat_activity_count: "80x60", pg_settings_max_connections: "100x60" }) }],
  },
  WalGrows: {
    fires: [{ series: all(instance, { pg_wal_size_bytes: "201x60", pg_settings_max_wal_size_bytes: "100x60" }) }],
    quiet: [{ series: all(instance, { pg_wal_size_bytes: "199x60", pg_settings_max_wal_size_bytes: "100x60" }) }],
  },
  WalNotArchived: {
    fires: [
      // Three tries each minute, and the last success gets older.
      { series: archiver("0+3x10", "0+60x10"), every: "1m", labels: instance },
      // A store that lets each try wait: one failure in four minutes.
      { series: archiver("0 0 0 1x3 2x3 3x3 4x3", "0+60x20"), at: "15m", every: "1m", labels: instance },
      // None has ever been archived: the age of that is no number.
      { series: { [named("pg_stat_archiver_failed_count")]: "0+3x10" }, every: "1m", labels: instance },
    ],
    quiet: [
      // Idle: nothing to archive, nothing fails; a failure was long ago.
      { series: archiver("7x60", "0+15x60") },
      { series: { [named("pg_stat_archiver_failed_count")]: "7x60" } },
      // Failed three times, and taken at the next turn, after a time in which there was nothing to archive.
      { series: archiver("0x39 3x21", "0+15x43 0+15x16") },
      { series: archiver("0x39 3x21", "0+15x43 0+15x24"), at: "16m" },
    ],
  },
  RedisDown: gauge("redis_up", "0x60", "1x60"),
  RedisMemoryHigh: {
    fires: [{ series: { ...full, ...redisInfo("noeviction") }, labels: instance }],
    // One that makes room by itself is always full; and without a limit the quotient would be infinite.
    quiet: [
      { series: { ...full, ...redisInfo("allkeys-lru") } },
      { series: { ...full, ...redisInfo("volatile-ttl") } },
      { series: { ...all(instance, { redis_memory_used_bytes: "95x60", redis_memory_max_bytes: "0x60" }), ...redisInfo("noeviction") } },
    ],
  },
  RedisRefusesWrites: {
    fires: [{ series: { [named("redis_errors_total", { ...instance, err: "OOM" })]: "0x30 5x30" }, labels: instance }],
    quiet: [{ series: { [named("redis_errors_total", { ...instance, err: "OOM" })]: "5x60", [named("redis_errors_total", { ...instance, err: "NOAUTH" })]: "0+1x60" } }],
  },
  DiskAlmostFull: {
    fires: [{ series: filesystem("9x60"), labels: disk }],
    quiet: [{ series: filesystem("10x60") }, { series: filesystem("9x60", "/etc/hostname") }],
  },
  DiskFullSoon: {
    // In 6 h from 30 to 18 of 100, and from 30 to 27.
    fires: [{ series: filesystem("30-0.16x80"), labels: disk, at: "6h", every: "5m" }],
    quiet: [{ series: filesystem("30-0.04x80"), at: "6h", every: "5m" }, { series: filesystem("90-0.4x80"), at: "6h", every: "5m" }],
  },
  InodesAlmostGone: {
    fires: [{ series: all(disk, { node_filesystem_files_free: "9x60", node_filesystem_files: "100x60" }), labels: disk }],
    quiet: [
      { series: all(disk, { node_filesystem_files_free: "10x60", node_filesystem_files: "100x60" }) },
      // A file system without a fixed number.
      { series: all(disk, { node_filesystem_files_free: "0x60", node_filesystem_files: "0x60" }) },
    ],
  },
  HostMemoryLow: {
    fires: [{ series: all(instance, { node_memory_MemAvailable_bytes: "9x60", node_memory_MemTotal_bytes: "100x60" }), labels: instance }],
    quiet: [
      { series: all(instance, { node_memory_MemAvailable_bytes: "11x60", node_memory_MemTotal_bytes: "100x60" }) },
      { series: all(instance, { node_memory_MemAvailable_bytes: "50x30 5x4 50x30", node_memory_MemTotal_bytes: "100x60" }) },
    ],
  },
  OutOfMemory: {
    fires: [{ series: all(instance, { node_vmstat_oom_kill: "3x30 4x30" }), labels: instance }],
    quiet: [{ series: all(instance, { node_vmstat_oom_kill: "3x60" }) }],
  },
  CertificateExpiresSoon: gauge("traefik_tls_certs_not_after", `${19 * day}x600`, `${22 * day}x600`, certificate),
  CertificateExpires: {
    fires: [
      { series: all(certificate, { traefik_tls_certs_not_after: `${2 * day}x60` }), labels: certificate },
      { series: all(site, { site_certificate_expiry_timestamp_seconds: `${2 * day}x60` }), labels: { site: "shop" } },
    ],
    quiet: [{ series: { ...all(certificate, { traefik_tls_certs_not_after: `${4 * day}x60` }), ...all(site, { site_certificate_expiry_timestamp_seconds: `${4 * day}x60` }) } }],
  },
  CertificateMissing: {
    fires: [
      { series: { ...traefik, ...certificateOf("www.shop.example") }, at: "15m", labels: { host: "shop.example" } },
      { series: traefik, at: "15m", labels: { host: "shop.example" } },
    ],
    quiet: [
      { series: { ...traefik, ...certificateOf("a.example,shop.example,www.shop.example") }, at: "15m" },
      { series: { ...traefik, ...certificateOf("*.example") }, at: "15m" },
      // The ACME server takes its time.
      { series: { ...traefik, [named("traefik_tls_certs_not_after", { cn: "", sans: "shop.example" })]: `_x36 ${90 * 86_400}x80` }, at: "9m" },
      // Traefik is away: that is another alert.
      { series: {}, at: "15m" },
    ],
  },
  BackupStale: stale("berth_backup_last_success_timestamp_seconds", 26 * 3600),
  BackupFailed: gauge("berth_backup_success", "0x60", "1x60"),
  RestoreDrillStale: stale("berth_restore_drill_last_success_timestamp_seconds", 3 * day),
  RestoreDrillFailed: gauge("berth_restore_drill_success", "0x60", "1x60"),
  SnapshotStale: stale("berth_snapshot_last_success_timestamp_seconds", 26 * 3600),
  SnapshotFailed: gauge("berth_snapshot_success", "0x60", "1x60"),
  SnapshotDrillStale: stale("berth_snapshot_drill_last_success_timestamp_seconds", 3 * day),
  SnapshotDrillFailed: gauge("berth_snapshot_drill_success", "0x60", "1x60"),
  LogsLost: {
    fires: [
      { series: all({ job: "log-collector" }, { otelcol_receiver_refused_log_records_total: "0x20 7x40" }), labels: { job: "log-collector" } },
      { series: all({ job: "log-collector" }, { otelcol_exporter_send_failed_log_records_total: "_x30 7x30" }), labels: { job: "log-collector" } },
    ],
    quiet: [{ series: all({ job: "log-collector" }, { otelcol_receiver_refused_log_records_total: "7x80", otelcol_exporter_send_failed_log_records_total: "0x80" }), at: "15m" }],
  },
  LogsNotStored: {
    fires: [
      { series: all({ job: "log-collector" }, { otelcol_receiver_accepted_log_records_total: "0+10x60", otelcol_exporter_sent_log_records_total: "7x60" }), labels: { job: "log-collector" } },
      { series: all({ job: "log-collector" }, { otelcol_receiver_accepted_log_records_total: "0+10x60" }), labels: { job: "log-collector" } },
    ],
    quiet: [
      { series: all({ job: "log-collector" }, { otelcol_receiver_accepted_log_records_total: "0+10x60", otelcol_exporter_sent_log_records_total: "0+10x60" }) },
      { series: all({ job: "log-collector" }, { otelcol_receiver_accepted_log_records_total: "7x60", otelcol_exporter_sent_log_records_total: "7x60" }) },
    ],
  },
  MetricsRefused: {
    fires: [
      { series: { [named("scrape_samples_post_metric_relabeling", { job: "app-shop", instance: "i" })]: "5001x60" }, labels: { job: "app-shop", instance: "i" } },
      { series: { [named("prometheus_target_scrapes_exceeded_body_size_limit_total")]: "0x20 3x40" }, labels: instance },
    ],
    quiet: [{ series: { [named("scrape_samples_post_metric_relabeling", { job: "app-shop" })]: "5000x60", [named("scrape_samples_post_metric_relabeling", { job: "node" })]: "9000x60" } }],
  },
  MetricsChurn: {
    fires: [{ series: { [named("scrape_series_added", { job: "app-shop", instance: "a" })]: "1000x60" }, labels: { job: "app-shop" } }],
    quiet: [{ series: { [named("scrape_series_added", { job: "app-shop", instance: "a" })]: "5000 0x59", [named("scrape_series_added", { job: "node" })]: "1000x60" } }],
  },
  MetricsCutShort: gauge("prometheus_tsdb_size_retentions_total", "0x20 3x40", "3x60"),
  AlertsNotSent: gauge("alertmanager_notifications_failed_total", "0x20 3x40", "3x60", { integration: "webhook" }),
  RulesFail: gauge("prometheus_rule_evaluation_failures_total", "0x20 3x40", "3x60", { rule_group: "g" }),
};
for (const late of cases["CertificateExpiresSoon"]?.fires ?? []) late.at = "90m";

/**
 * Files for `promtool test rules` by name: of each alert its rules, as renderRules has them, and for each time between
 * evaluations its cases. It fires, with its texts, in some of them and not in the others. All alerts in one file would be
 * evaluated in the cases of each, which takes minutes.
 *
 * @throws Error for an alert without cases here, and for cases without an alert.
 */
export function alertTests(): { rules: Record<string, object>; tests: Record<string, object> } {
  const { groups } = parse(renderRules(watched)) as { groups: { name: string; rules: (Alert | Recorded)[] }[] };
  const alerts = [...Map.groupBy(groups.flatMap(({ rules }) => rules.filter((rule) => "alert" in rule)), ({ alert }) => alert)];
  const unused = Object.keys(cases).filter((name) => alerts.every(([alert]) => alert !== name));
  if (unused.length > 0) throw new Error(`cases of no alert: ${unused.join(", ")}`);
  const rules = alerts.map(([name]) => [`rules-${name}.yml`, { groups: groups.map((group) => ({ ...group, rules: group.rules.filter((rule) => !("alert" in rule) || rule.alert === name) })) }] as const);
  const tests = alerts.flatMap(([name, [first]]) =>
    [...Map.groupBy(testsOf(first as Alert), ({ interval }) => interval)].map(([evaluation_interval, some]) => [`tests-${name}-${evaluation_interval}.yml`, { rule_files: [`rules-${name}.yml`], group_eval_order: groups.map((group) => group.name), evaluation_interval, tests: some }] as const),
  );
  return { rules: Object.fromEntries(rules), tests: Object.fromEntries(tests) };
}

function testsOf({ alert, annotations, labels }: Alert) {
  const { fires, quiet } = cases[alert] ?? { fires: [], quiet: [] };
  if (fires.length === 0) throw new Error(`no test for the alert ${alert}: add one to ${import.meta.filename}`);
  const expand = (text: string, of: Record<string, string>) => text.replace(/\{\{ \$labels\.(\w+) \}\}/g, (_, name: string) => of[name] ?? "");
  const check = (name: string, { series, at = "10m", every = "15s", labels: of = {} }: AlertCase, firing: boolean) => ({
    name: `${alert} ${name}`,
    interval: every,
    input_series: Object.entries(series).map(([metric, values]) => ({ series: metric, values })),
    alert_rule_test: [
      {
        eval_time: at,
        alertname: alert,
        exp_alerts: firing ? [{ exp_labels: { ...labels, ...of }, exp_annotations: { summary: expand(annotations.summary, of), description: expand(annotations.description, of) } }] : [],
      },
    ],
  });
  return [...fires.map((one) => check("fires", one, true)), ...quiet.map((one) => check("is quiet", one, false))];
}
