import { parse } from "yaml";
import { renderRules } from "../../components/prometheus-config.ts";

/** What an alert is tested with: series by which it fires with some labels, and by which it stays quiet. */
interface AlertCase {
  labels: Record<string, string>;
  fires: Record<string, string>;
  quiet: Record<string, string>;
}

const instance = { instance: "i", job: "j" };
const at = (metric: string, labels: Record<string, string> = instance) =>
  `${metric}{${Object.entries(labels).map(([name, value]) => `${name}="${value}"`).join(",")}}`;
const server = { ...instance, service: "shop@file", url: "http://shop-0:3000" };
const disk = { ...instance, mountpoint: "/" };

// `0x60` is the value for 61 samples, 15 s apart.
const cases: Record<string, AlertCase> = {
  TargetMissing: { labels: instance, fires: { [at("up")]: "0x60" }, quiet: { [at("up")]: "1x60" } },
  PostgresDown: { labels: instance, fires: { [at("pg_up")]: "0x60" }, quiet: { [at("pg_up")]: "1x60" } },
  PostgresConnectionsHigh: {
    labels: {},
    fires: { [at("pg_stat_activity_count")]: "81x60", [at("pg_settings_max_connections")]: "100x60" },
    quiet: { [at("pg_stat_activity_count")]: "80x60", [at("pg_settings_max_connections")]: "100x60" },
  },
  RedisDown: { labels: instance, fires: { [at("redis_up")]: "0x60" }, quiet: { [at("redis_up")]: "1x60" } },
  RedisMemoryHigh: {
    labels: instance,
    fires: { [at("redis_memory_used_bytes")]: "95x60", [at("redis_memory_max_bytes")]: "100x60" },
    // Without a limit the quotient would be infinite.
    quiet: { [at("redis_memory_used_bytes")]: "95x60", [at("redis_memory_max_bytes")]: "0x60" },
  },
  ServerDown: { labels: server, fires: { [at("traefik_service_server_up", server)]: "0x60" }, quiet: { [at("traefik_service_server_up", server)]: "1x60" } },
  DiskAlmostFull: {
    labels: disk,
    fires: { [at("node_filesystem_avail_bytes", disk)]: "9x60", [at("node_filesystem_size_bytes", disk)]: "100x60" },
    quiet: { [at("node_filesystem_avail_bytes", disk)]: "10x60", [at("node_filesystem_size_bytes", disk)]: "100x60" },
  },
};

/**
 * Tests for `promtool test rules`: each rendered alert fires, with its summary, in one case and not in the other.
 *
 * @throws Error for an alert without a case here.
 */
export function alertTests(): object[] {
  const { groups } = parse(renderRules()) as { groups: { rules: { alert: string; annotations: { summary: string } }[] }[] };
  return groups
    .flatMap(({ rules }) => rules)
    .flatMap(({ alert, annotations }) => {
      const wanted = cases[alert];
      if (wanted === undefined) throw new Error(`no test for the alert ${alert}: add one to ${import.meta.filename}`);
      const summary = annotations.summary.replace(/\{\{ \$labels\.(\w+) \}\}/g, (_, name: string) => wanted.labels[name] ?? "");
      const check = (name: string, series: Record<string, string>, alerts: object[]) => ({
        name: `${alert} ${name}`,
        interval: "15s",
        input_series: Object.entries(series).map(([metric, values]) => ({ series: metric, values })),
        alert_rule_test: [{ eval_time: "10m", alertname: alert, exp_alerts: alerts }],
      });
      return [
        check("fires", wanted.fires, [{ exp_labels: wanted.labels, exp_annotations: { summary } }]),
        check("is quiet", wanted.quiet, []),
      ];
    });
}
