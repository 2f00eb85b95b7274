import type { Metrics } from "../app/definition.ts";
import type { BackupAges } from "../postgres/backup-ages.ts";
import { backupMetrics } from "../postgres/backup-metrics.ts";
import { snapshotMetrics } from "../snapshots/snapshot-metrics.ts";
import { figure, lines, type PanelSpec, placed } from "./grafana-panel.ts";

const window = "[$__rate_interval]";
const requests = "traefik_service_requests_total";
const perSecond = (metric: string, by: string) => `sum by (${by}) (rate(${metric}${window}))`;
const quantile = (share: number) => `histogram_quantile(${share}, sum by (service, le) (rate(traefik_service_request_duration_seconds_bucket${window})))`;
// A service without an error has no series of errors, and is at 0.
const errorShare = `(${perSecond(`${requests}{code=~"5.."}`, "service")} or 0 * ${perSecond(requests, "service")}) / (${perSecond(requests, "service")} > 0)`;
const disk = (metric: string) => `node_filesystem_${metric}_bytes{mountpoint="/etc/hosts"}`;
const cpuUsed = `1 - avg(rate(node_cpu_seconds_total{mode="idle"}${window}))`;
const memoryUsed = "1 - node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes";
const diskUsed = `1 - ${disk("avail")} / ${disk("size")}`;
const firing = 'count(ALERTS{alertstate="firing",alertname!="DeadMansSwitch"}) or vector(0)';
const schedule = (metric: string) => `sum by (app, task) (increase(supercronic_${metric}[1d]))`;

/** Where nothing else is said: a backup each day, a drill each week. */
const usual: BackupAges = { backup: 26 * 3600, drill: 8 * 86_400 };

/** What each dashboard shows; figures first, in one row of six at most. @param ages When a backup and a drill are too old */
const panelsOf = (ages: BackupAges): Record<string, PanelSpec[]> => ({
  Overview: [
    figure("Alerts", "short", firing, [1, 2]),
    figure("Targets missing", "short", 'count(up{job!~"replicas-.+"} == 0) or vector(0)', [1, 2]),
    figure("Servers down", "short", "count(traefik_service_server_up == 0) or vector(0)", [1, 2]),
    figure("Processor", "percentunit", cpuUsed, [0.8, 0.95]),
    figure("Memory", "percentunit", memoryUsed, [0.8, 0.95]),
    figure("Disk", "percentunit", diskUsed, [0.75, 0.9]),
    lines("Requests", "reqps", [perSecond(requests, "service"), "{{service}}"]),
    lines("Slowest 5 % of requests take at least", "s", [quantile(0.95), "{{service}}"]),
    lines("Alerts that fire", "short", ['count by (alertname) (ALERTS{alertstate="firing"})', "{{alertname}}"]),
    lines("Targets", "short", ["sum by (job) (up)", "{{job}}"]),
  ],
  Applications: [
    lines("Requests", "reqps", [perSecond(requests, "service"), "{{service}}"]),
    lines("Answers by status", "reqps", [perSecond(requests, "service, code"), "{{service}} {{code}}"]),
    lines("Share of answers of 500 and above", "percentunit", [errorShare, "{{service}}"]),
    lines("Half of the requests, and the slowest 5 %, take at least", "s", [quantile(0.5), "{{service}} p50"], [quantile(0.95), "{{service}} p95"]),
    lines("Servers that pass their health check", "short", ["sum by (service) (traefik_service_server_up)", "{{service}}"]),
    lines("Open connections", "short", ["sum by (entrypoint) (traefik_open_connections)", "{{entrypoint}}"]),
    lines("Containers with metrics", "short", ['sum by (app) (up{job=~"app-.+"})', "{{app}}"]),
    lines("Memory of processes", "bytes", ["sum by (job) (process_resident_memory_bytes)", "{{job}}"]),
  ],
  Postgres: [
    figure("Up", "short", "pg_up"),
    figure("Connections in use", "percentunit", "sum(pg_stat_activity_count) / max(pg_settings_max_connections)", [0.7, 0.8]),
    figure("Size", "bytes", "sum(pg_database_size_bytes)"),
    lines("Connections", "short", ["sum by (state) (pg_stat_activity_count)", "{{state}}"]),
    lines("Transactions", "ops", [perSecond("pg_stat_database_xact_commit", "datname"), "{{datname}} committed"], [perSecond("pg_stat_database_xact_rollback", "datname"), "{{datname}} rolled back"]),
    lines("Rows", "ops", [perSecond("pg_stat_database_tup_fetched", "datname"), "{{datname}} fetched"], [perSecond("pg_stat_database_tup_inserted", "datname"), "{{datname}} inserted"], [perSecond("pg_stat_database_tup_updated", "datname"), "{{datname}} updated"]),
    lines("Blocks found in memory", "percentunit", ["sum(rate(pg_stat_database_blks_hit[5m])) / (sum(rate(pg_stat_database_blks_hit[5m])) + sum(rate(pg_stat_database_blks_read[5m])))", "share"]),
    lines("Size of databases", "bytes", ["pg_database_size_bytes", "{{datname}}"]),
    lines("Deadlocks and conflicts", "ops", [perSecond("pg_stat_database_deadlocks", "datname"), "{{datname}} deadlocks"], [perSecond("pg_stat_database_conflicts", "datname"), "{{datname}} conflicts"]),
  ],
  Redis: [
    figure("Up", "short", "redis_up"),
    figure("Memory in use", "percentunit", "redis_memory_used_bytes / (redis_memory_max_bytes > 0)", [0.8, 0.9]),
    figure("Clients", "short", "redis_connected_clients"),
    lines("Commands", "ops", [perSecond("redis_commands_processed_total", "job"), "commands"]),
    lines("Memory", "bytes", ["redis_memory_used_bytes", "used"], ["redis_memory_max_bytes", "limit"]),
    lines("Keys found and not found", "ops", ["rate(redis_keyspace_hits_total[5m])", "found"], ["rate(redis_keyspace_misses_total[5m])", "not found"]),
    lines("Keys expired and evicted", "ops", ["rate(redis_expired_keys_total[5m])", "expired"], ["rate(redis_evicted_keys_total[5m])", "evicted"]),
    lines("Clients", "short", ["redis_connected_clients", "connected"], ["redis_blocked_clients", "blocked"]),
    lines("Last writes of the append-only file", "short", ["redis_aof_last_write_status", "1 is well"]),
  ],
  Host: [
    figure("Processor", "percentunit", cpuUsed, [0.8, 0.95]),
    figure("Memory", "percentunit", memoryUsed, [0.8, 0.95]),
    figure("Disk", "percentunit", diskUsed, [0.75, 0.9]),
    figure("Killed for lack of memory in a day", "short", "increase(node_vmstat_oom_kill[1d])", [1, 2]),
    lines("Processor by use", "percentunit", [`avg by (mode) (rate(node_cpu_seconds_total{mode!="idle"}${window}))`, "{{mode}}"]),
    lines("Load", "short", ["node_load1", "1 min"], ["node_load15", "15 min"], ['count(node_cpu_seconds_total{mode="idle"})', "cores"]),
    lines("Memory", "bytes", ["node_memory_MemTotal_bytes", "all"], ["node_memory_MemAvailable_bytes", "available"]),
    lines("Disk of Docker's data", "bytes", [disk("size"), "size"], [disk("avail"), "free"]),
    lines("Disk transfers", "Bps", [perSecond("node_disk_read_bytes_total", "device"), "{{device}} read"], [perSecond("node_disk_written_bytes_total", "device"), "{{device}} written"]),
    lines("Time that processes wait", "percentunit", [`rate(node_pressure_cpu_waiting_seconds_total${window})`, "processor"], [`rate(node_pressure_memory_waiting_seconds_total${window})`, "memory"], [`rate(node_pressure_io_waiting_seconds_total${window})`, "disk"]),
  ],
  "Schedules and backups": [
    figure("Age of the newest backup", "s", `time() - ${backupMetrics.lastSuccess}`, [ages.backup - 3600, ages.backup]),
    figure("Size of the newest backup", "bytes", backupMetrics.size),
    figure("Age of the last restore drill that passed", "s", `time() - ${backupMetrics.drillLastSuccess}`, [ages.drill - 43_200, ages.drill]),
    figure("Time of the last restore drill", "s", backupMetrics.drillDuration),
    figure("Age of the newest snapshots of Redis and volumes", "s", `time() - ${snapshotMetrics.lastSuccess}`, [ages.backup - 3600, ages.backup]),
    figure("Schedules", "short", 'count(up{job=~"schedules-.+"} == 1) or vector(0)'),
    lines("Runs in a day that succeeded", "short", [schedule("successful_executions"), "{{app}} {{task}}"]),
    lines("Runs in a day that failed", "short", [schedule("failed_executions"), "{{app}} {{task}}"]),
    lines("Time of a run", "s", ["sum by (app, task) (rate(supercronic_cron_execution_time_seconds_sum[1d])) / (sum by (app, task) (rate(supercronic_cron_execution_time_seconds_count[1d])) > 0)", "{{app}} {{task}}"]),
    lines("Rows that the last restore drill read", "short", [backupMetrics.drillRows, "{{database}}"]),
  ],
});

/** Dashboards that have data only with schedules or backups. */
export const dependent = ["schedules-and-backups"];

/** The dashboard's id, which is its file's name. */
export const dashboardId = (title: string) => title.toLowerCase().replaceAll(" ", "-");

/** Every dashboard in Grafana's own form, by id; those that applications bring come last. */
export function dashboards(applications: readonly Pick<Metrics, "dashboards">[] = [], ages = usual) {
  const all = [...Object.entries(panelsOf(ages)), ...brought(applications)];
  return Object.fromEntries(all.map(([title, specs]) => [dashboardId(title), dashboard(dashboardId(title), title, specs)]));
}

/** One for each title; a panel is there once where several applications run from one folder. */
function brought(applications: readonly Pick<Metrics, "dashboards">[]): [string, PanelSpec[]][] {
  const byTitle = new Map<string, Map<string, PanelSpec>>();
  for (const [title, shown] of applications.flatMap(({ dashboards: own = {} }) => Object.entries(own))) {
    const distinct = byTitle.get(title) ?? new Map<string, PanelSpec>();
    for (const panel of shown) distinct.set(JSON.stringify(panel), lines(panel.title, panel.unit, [panel.expr, panel.legend]));
    byTitle.set(title, distinct);
  }
  return [...byTitle].map(([title, distinct]) => [title, [...distinct.values()]]);
}

function dashboard(uid: string, title: string, specs: PanelSpec[]) {
  return {
    uid,
    title,
    tags: ["berth"],
    schemaVersion: 41,
    editable: false,
    timezone: "browser" as const,
    graphTooltip: 1,
    refresh: "30s",
    time: { from: "now-6h", to: "now" },
    panels: placed(specs),
  };
}
