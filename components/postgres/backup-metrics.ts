/**
 * Names of the metrics that backups and restore drills leave for Prometheus, in its text format, as files that
 * node_exporter's textfile collector reads. images/postgres/berth-backup.sh writes them; alert rules read them.
 */
export const backupMetrics = {
  /** Seconds since 1970 at which the newest backup without errors ended. */
  lastSuccess: "berth_backup_last_success_timestamp_seconds",
  /** Bytes of that backup in the repository, with what it needs of earlier ones. */
  size: "berth_backup_size_bytes",
  /** 1 where the last backup that was tried succeeded, else 0. */
  success: "berth_backup_success",
  /** Seconds since 1970 at which a restore drill last passed. */
  drillLastSuccess: "berth_restore_drill_last_success_timestamp_seconds",
  /** Seconds that the last drill took, passed or not. */
  drillDuration: "berth_restore_drill_duration_seconds",
  /** 1 where the last drill passed, else 0. */
  drillSuccess: "berth_restore_drill_success",
  /** Rows that the last drill that passed read in all tables of a database, label `database`. */
  drillRows: "berth_restore_drill_rows",
} as const;
