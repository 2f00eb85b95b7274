import monitor from "../../../apps/profiles/monitor/app.ts";
import { alertsOf } from "../../../components/monitoring/alert-rules.ts";

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
  backups: true,
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
const apps = Object.fromEntries(["app-shop", "app-monitor", "schedules-shop"].map((job) => [named("up", { job }), "1x60"]));
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
    { series: { [named("up", { job: "node" })]: "1x300" }, at: `${age / 3600 + 2}h`, every: "1h" },
  ],
  quiet: [{ series: { [named(metric)]: "0x60" } }, { series: { [named("up", { job: "node" })]: "1x60" } }],
});

const cases: Record<string, AlertCases> = {
  DeadMansSwitch: { fires: [{ series: {} }], quiet: [] },
  TargetMissing: {
    fires: [
      { series: { [named("up")]: "0x60", ...apps }, labels: instance },
      { series: { ...apps, [named("up", { job: "app-shop" })]: "1x8 stale" }, labels: { job: "app-shop" } },
    ],
    quiet: [{ series: { [named("up")]: "1x60", ...apps } }, { series: { [named("up")]: "1x37 0x1 1x20", ...apps } }],
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
    ],
  },
  SiteDown: gauge("site_up", "0x60", "1x60", site),
  SiteUnchecked: gauge("site_check_timestamp_seconds", "-7200x60", "0x60", site),
  PostgresDown: gauge("pg_up", "0x60", "1x60"),
  PostgresConnectionsHigh: {
    fires: [{ series: all(instance, { pg_stat_activity_count: "81x60", pg_settings_max_connections: "100x60" }) }],
    quiet: [{ series: all(instance, { pg_stat_activity_count: "80x60", pg_settings_max_connections: "100x60" }) }],
  },
  RedisDown: gauge("redis_up", "0x60", "1x60"),
  RedisMemoryHigh: {
    fires: [{ series: all(instance, { redis_memory_used_bytes: "95x60", redis_memory_max_bytes: "100x60" }), labels: instance }],
    // Without a limit the quotient would be infinite.
    quiet: [{ series: all(instance, { redis_memory_used_bytes: "95x60", redis_memory_max_bytes: "0x60" }) }],
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
  BackupStale: stale("berth_backup_last_success_timestamp_seconds", 26 * 3600),
  BackupFailed: gauge("berth_backup_success", "0x60", "1x60"),
  RestoreDrillStale: stale("berth_restore_drill_last_success_timestamp_seconds", 8 * day),
  RestoreDrillFailed: gauge("berth_restore_drill_success", "0x60", "1x60"),
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
 * Test files for `promtool test rules`, one for each time between evaluations: each alert fires, with its texts, in some
 * cases and not in the others.
 *
 * @throws Error for an alert without cases here, and for cases without an alert.
 */
export function alertTests(): { evaluation_interval: string; tests: object[] }[] {
  const alerts = alertsOf(watched);
  const unused = Object.keys(cases).filter((name) => alerts.every(({ alert }) => alert !== name));
  if (unused.length > 0) throw new Error(`cases of no alert: ${unused.join(", ")}`);
  const tests = alerts.flatMap(({ alert, annotations, labels }) => {
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
  });
  return [...Map.groupBy(tests, ({ interval }) => interval)].map(([evaluation_interval, some]) => ({ evaluation_interval, tests: some }));
}
