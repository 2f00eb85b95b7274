import { stringify } from "yaml";

/** What Prometheus scrapes, by job name: `host:port`. */
export type ScrapeTargets = Record<string, string>;

/** prometheus.yml. */
export function renderPrometheusConfig(targets: ScrapeTargets): string {
  return stringify({
    global: { scrape_interval: "15s", evaluation_interval: "15s" },
    rule_files: ["/etc/berth/rules.yml"],
    scrape_configs: Object.entries(targets).map(([job_name, target]) => ({
      job_name,
      static_configs: [{ targets: [target] }],
    })),
  });
}

/** The alert rules; each says what is wrong and where to look. */
export function renderRules(): string {
  return stringify({
    groups: [
      {
        name: "berth",
        rules: [
          alert("TargetMissing", "up == 0", "1m", "{{ $labels.job }} does not answer: docker logs of its container"),
          alert("PostgresDown", "pg_up == 0", "1m", "Postgres does not answer its exporter: berth logs postgres"),
          alert(
            "PostgresConnectionsHigh",
            "sum(pg_stat_activity_count) / max(pg_settings_max_connections) > 0.8",
            "5m",
            "more than 80 % of Postgres's connections are in use",
          ),
          alert("RedisDown", "redis_up == 0", "1m", "Redis does not answer its exporter: berth logs redis"),
          alert(
            "RedisMemoryHigh",
            "redis_memory_used_bytes / (redis_memory_max_bytes > 0) > 0.9",
            "5m",
            "Redis is more than 90 % full",
          ),
          alert(
            "ServerDown",
            "traefik_service_server_up == 0",
            "1m",
            "{{ $labels.url }} of {{ $labels.service }} fails its health check: berth logs",
          ),
          alert(
            "DiskAlmostFull",
            'node_filesystem_avail_bytes{mountpoint="/"} / node_filesystem_size_bytes{mountpoint="/"} < 0.1',
            "2m",
            "less than 10 % of the Docker host's disk is free",
          ),
        ],
      },
    ],
  });
}

function alert(name: string, expr: string, time: string, summary: string) {
  return { alert: name, expr, for: time, annotations: { summary } };
}
