/**
 * Names of the metrics that snapshots and their drills leave for Prometheus, as components/postgres/backup-metrics.ts has
 * them of Postgres. images/snapshots/berth-snapshots.sh writes them; alert rules read them.
 */
export const snapshotMetrics = {
  /** Seconds since 1970 at which the newest snapshots of Redis and of all volumes ended. */
  lastSuccess: "berth_snapshot_last_success_timestamp_seconds",
  /** Bytes of these snapshots in the repository, with what they share with earlier ones. */
  size: "berth_snapshot_size_bytes",
  /** 1 where the last ones that were tried succeeded, else 0. */
  success: "berth_snapshot_success",
  /** Seconds since 1970 at which a drill last passed. */
  drillLastSuccess: "berth_snapshot_drill_last_success_timestamp_seconds",
  /** Seconds that the last drill took, passed or not. */
  drillDuration: "berth_snapshot_drill_duration_seconds",
  /** 1 where the last drill passed, else 0. */
  drillSuccess: "berth_snapshot_drill_success",
  /** Files that the last drill that passed restored, label `source`. */
  drillFiles: "berth_snapshot_drill_files",
  /** Keys that a Redis server had on them. */
  drillKeys: "berth_snapshot_drill_keys",
} as const;
