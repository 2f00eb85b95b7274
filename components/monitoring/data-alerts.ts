import type { BackupAges } from "../postgres/backup-ages.ts";
import { backupMetrics } from "../postgres/backup-metrics.ts";
import { snapshotMetrics } from "../snapshots/snapshot-metrics.ts";
import { alert, type Alert, firstOf, log, minute, type Recorded } from "./alert.ts";

export const dataAlerts = [
  alert("PostgresDown", "critical", "pg_up == 0", "Postgres does not answer its exporter", `Why is in its log: ${log} postgres`, minute),
  alert("PostgresConnectionsHigh", "warning", "sum(pg_stat_activity_count) / max(pg_settings_max_connections) > 0.8", "more than 80 % of Postgres's connections are in use", "Who has them: berth psql, then SELECT usename, state, count(*) FROM pg_stat_activity GROUP BY 1, 2", { for: "5m" }),
  // Postgres aims at once that size; what it must keep for an archive or for a replication slot is beyond it, without end.
  alert("WalGrows", "critical", "max(pg_wal_size_bytes) > 2 * max(pg_settings_max_wal_size_bytes)", "Postgres's write-ahead log takes more than twice its max_wal_size", "It will fill the disk. What is kept and why: berth psql, then SELECT * FROM pg_stat_archiver; SELECT * FROM pg_replication_slots", { for: "5m" }),
  alert("RedisDown", "critical", "redis_up == 0", "Redis does not answer its exporter", `A damaged append-only file stops it, and it says so: ${log} redis`, minute),
  // One that makes room by itself is always full.
  alert("RedisMemoryHigh", "warning", 'redis_memory_used_bytes / (redis_memory_max_bytes > 0) > 0.9 and on (instance, job) redis_instance_info{maxmemory_policy="noeviction"}', "Redis is more than 90 % full", "At 100 % it refuses writes. What it holds: berth redis, then INFO keyspace", minute),
  // With a policy that evicts: there is nothing left that it may evict.
  alert("RedisRefusesWrites", "critical", 'sum by (instance, job) (increase(redis_errors_total{err="OOM"}[5m])) > 0', "Redis is full and refuses writes", "Raise berth:redis.memory, or let it evict: berth:redis.policy. What it holds: berth redis, then INFO keyspace", { keep_firing_for: "5m" }),
];

const watchedSince = "berth_watched_since_timestamp_seconds";
const host = 'up{job="node"} == 1';
/** Since when the host is watched: no backup is missed on a host that is new. */
export const backupRecords: Recorded[] = [firstOf(watchedSince, `(0 * max(${host}) + time())`)];

/** Older than `age` seconds; or never, on a host that has been watched for that long, and that is seen now. */
const stale = (timestamp: string, age: number) => `time() - ${timestamp} > ${age} or (time() - ${watchedSince} > ${age} and on () (${host}) unless on () ${timestamp})`;
const { lastSuccess, success, drillLastSuccess, drillSuccess } = backupMetrics;
/** Seconds in which a segment is tried again, also where each try waits for a store: what failed within them, with the last success before, fails still. */
const retried = 300;

export function backupAlerts({ backup, drill, snapshots = false }: BackupAges): Alert[] {
  return [
    // The age of a server that has never archived is no number, and so not less.
    alert("WalNotArchived", "critical", `increase(pg_stat_archiver_failed_count[${retried}s]) > 0 unless pg_stat_archiver_last_archive_age <= ${retried}`, "Postgres can't archive its write-ahead log", `No backup reaches beyond the last segment that was archived, and the log will fill the disk. Does the repository take it: ${log} postgres`, { for: "2m" }),
    alert("BackupStale", "critical", stale(lastSuccess, backup), `the newest backup is older than ${hours(backup)}`, `A backup of the schedule was missed: ${log} postgres`, minute),
    alert("BackupFailed", "warning", `${success} == 0`, "the last backup has failed", `Why is in its log: ${log} postgres`, minute),
    alert("RestoreDrillStale", "critical", stale(drillLastSuccess, drill), `the last restore that succeeded is older than ${hours(drill)}`, `A drill of the schedule was missed: ${log} postgres`, minute),
    alert("RestoreDrillFailed", "critical", `${drillSuccess} == 0`, "the newest backup could not be restored", `Why is in its log: ${log} postgres`, minute),
    ...(snapshots ? snapshotAlerts(backup, drill) : []),
  ];
}

/** Of Redis and the volumes, at the same times. */
function snapshotAlerts(backup: number, drill: number): Alert[] {
  const look = `${log} snapshots`;
  return [
    alert("SnapshotStale", "critical", stale(snapshotMetrics.lastSuccess, backup), `the newest snapshots of Redis and volumes are older than ${hours(backup)}`, `They were missed at their time: ${look}`, minute),
    alert("SnapshotFailed", "warning", `${snapshotMetrics.success} == 0`, "the last snapshots of Redis and volumes have failed", `Why is in its log: ${look}`, minute),
    alert("SnapshotDrillStale", "critical", stale(snapshotMetrics.drillLastSuccess, drill), `the last restore of snapshots that succeeded is older than ${hours(drill)}`, `A drill was missed at its time: ${look}`, minute),
    alert("SnapshotDrillFailed", "critical", `${snapshotMetrics.drillSuccess} == 0`, "the newest snapshots could not be restored", `Why is in its log: ${look}`, minute),
  ];
}

/** `26 hours`, `8 days`. */
function hours(seconds: number): string {
  const days = seconds / 86_400;
  return days > 2 ? `${Math.round(days * 10) / 10} days` : `${Math.round(seconds / 3600)} hours`;
}
