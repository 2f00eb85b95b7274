import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import * as fc from "fast-check";
import { parse } from "yaml";
import monitor from "../../../../apps/profiles/monitor/app.ts";
import type { Alert } from "../../../../components/monitoring/alert.ts";
import { alertsOf, renderRules } from "../../../../components/monitoring/alert-rules.ts";
import { renderNext } from "../../../../components/traefik/route-config.ts";
import { renderClientConfig, renderPrometheusConfig, renderWebConfig } from "../../../../components/monitoring/prometheus-config.ts";

interface File {
  rule_files: string[];
  alerting?: unknown;
  scrape_configs: Record<string, unknown>[];
}
const render = (targets: Partial<Parameters<typeof renderPrometheusConfig>[0]>) =>
  parse(renderPrometheusConfig({ parts: {}, applications: [], schedulers: [], ...targets })) as File;
const login = { username: "berth", password_file: "/run/secrets/password" };

const limits = { sample_limit: 5000, body_size_limit: "4MB", label_limit: 30, label_name_length_limit: 200, label_value_length_limit: 1000 };
const dropped = (more = "") => ({ action: "drop", source_labels: ["__name__"], regex: `(alertmanager|berth|node|otelcol|pg|prometheus|redis|traefik${more})_.*` });

describe("prometheus.yml", () => {
  test("scrapes each part under its name, Prometheus itself by its login, and reads the rules", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.stringMatching(/^[a-z][a-z0-9_]{0,9}$/), fc.stringMatching(/^[a-z0-9.-]{1,9}:[1-9][0-9]{0,3}$/)), (some) => {
        const parts = { ...some, prometheus: "prometheus:9090" };
        const file = render({ parts });
        assert.deepEqual(file.rule_files, ["/etc/berth/rules.yml"]);
        assert.equal(file.alerting, undefined);
        assert.deepEqual(
          file.scrape_configs,
          Object.entries(parts).map(([job_name, target]) => ({ job_name, ...(job_name === "prometheus" && { basic_auth: login }), static_configs: [{ targets: [target] }] })),
        );
      }),
    );
  });

  test("leaves out Traefik's figures of servers that no request goes to yet: a deploy that is killed must not alert for them", () => {
    const [scrape] = render({ parts: { traefik: "traefik:8080" } }).scrape_configs as unknown as { metric_relabel_configs: { action: string; source_labels: string[]; regex: string }[] }[];
    const [rule] = scrape?.metric_relabel_configs ?? [];
    assert.deepEqual([rule?.action, rule?.source_labels], ["drop", ["service"]]);
    const dropped = (service: string) => new RegExp(`^(?:${rule?.regex})$`).test(service);
    const next = Object.keys((parse(renderNext({ name: "shop", host: "shop.localhost", servers: ["a"], port: 1, healthPath: "/" }) ?? "") as { http: { services: object } }).http.services).map((name) => `${name}@file`);
    assert.deepEqual([next.map(dropped), ["shop@file", "shop_unchecked@file", "next@file"].map(dropped)], [[true], [false, false, false]]);
  });

  test("finds every replica of an application by name, with the application as label", () => {
    const { scrape_configs } = render({ applications: [{ name: "shop", port: 9090, path: "/figures" }, { name: "node", port: 3000 }] });
    const job = (name: string, port: number, metrics_path: string) => ({
      job_name: `app-${name}`,
      metrics_path,
      ...limits,
      dns_sd_configs: [{ names: [`${name}-metrics`], type: "A", port, refresh_interval: "15s" }],
      relabel_configs: [{ target_label: "app", replacement: name }],
      metric_relabel_configs: [dropped("|supercronic")],
    });
    assert.deepEqual(scrape_configs, [job("shop", 9090, "/figures"), job("node", 3000, "/metrics")]);
  });

  test("finds every schedule of an application, with the task as label", () => {
    const { scrape_configs } = render({ schedulers: [{ name: "shop", tasks: [{ name: "tidy" }, { name: "mail" }] }] });
    assert.deepEqual(scrape_configs, [
      {
        job_name: "schedules-shop",
        ...limits,
        dns_sd_configs: [{ names: ["shop-schedule-tidy", "shop-schedule-mail"], type: "A", port: 9746, refresh_interval: "15s" }],
        relabel_configs: [{ target_label: "app", replacement: "shop" }, { source_labels: ["__meta_dns_name"], regex: "shop-schedule-(.+)", target_label: "task" }],
        metric_relabel_configs: [{ action: "labeldrop", regex: "command|position" }, dropped()],
      },
    ]);
  });

  test("finds the workers of an application by name, with the role as label, and reads of them no more than whether they work", () => {
    const { scrape_configs } = render({ workers: [{ name: "shop", roles: ["worker", "worker-mail"] }] });
    assert.deepEqual(scrape_configs, [
      {
        job_name: "worker-shop",
        metrics_path: "/figures.txt",
        ...limits,
        dns_sd_configs: [{ names: ["shop-worker", "shop-worker-mail"], type: "A", port: 9747, refresh_interval: "15s" }],
        relabel_configs: [{ target_label: "app", replacement: "shop" }, { source_labels: ["__meta_dns_name"], regex: "shop-(.+)", target_label: "role" }],
        metric_relabel_configs: [{ action: "keep", source_labels: ["__name__"], regex: "berth_worker_last_healthy_timestamp_seconds|process_start_time_seconds" }],
      },
    ]);
  });

  test("counts the replicas of a service by name, at a port where nobody listens", () => {
    const { scrape_configs } = render({ services: [{ name: "shop", role: "web", replicas: 3 }] });
    assert.deepEqual(scrape_configs, [
      {
        job_name: "replicas-shop-web",
        dns_sd_configs: [{ names: ["shop-web"], type: "A", port: 9, refresh_interval: "15s" }],
        relabel_configs: [{ target_label: "app", replacement: "shop" }, { target_label: "role", replacement: "web" }],
      },
    ]);
  });

  test("names Alertmanager where there is one", () => {
    assert.deepEqual(render({ alertmanager: "alertmanager:9093" }).alerting, { alertmanagers: [{ static_configs: [{ targets: ["alertmanager:9093"] }] }] });
  });

  test("has its login in files of their own, the server's as bcrypt's hash", () => {
    assert.deepEqual(parse(renderWebConfig("$2b$10$x")), { basic_auth_users: { berth: "$2b$10$x" } });
    assert.deepEqual(parse(renderClientConfig()), { basic_auth: login });
  });
});

describe("the alert rules", () => {
  const watched = { applications: [{ name: "shop", port: 3000 }], schedulers: [{ name: "shop", tasks: [{ name: "tidy", alertAfter: 3600 }, { name: "mail" }] }], backups: { backup: 26 * 3600, drill: 8 * 86_400, snapshots: true } };
  const everything = { ...watched, workers: [{ name: "shop", roles: ["worker"] }], services: [{ name: "shop", role: "web" as const, replicas: 2 }], httpsHosts: ["shop.example"], logs: true };
  const monitored = { name: "monitor", ...monitor.metrics };
  const alerts = alertsOf(watched);

  test("are those of the file, with what the schedules need before them", () => {
    const { groups } = parse(renderRules(watched)) as { groups: { name: string; rules: Alert[] }[] };
    assert.deepEqual(groups.map(({ name }) => name), ["memory", "berth"]);
    assert.deepEqual(groups[1]?.rules, JSON.parse(JSON.stringify(alerts)));
    const bare = parse(renderRules({ applications: [], schedulers: [] })) as { groups: { name: string }[] };
    assert.deepEqual(bare.groups.map(({ name }) => name), ["berth"]);
    assert.ok(!/berth_backup|berth_restore|supercronic/.test(JSON.stringify(bare)), "nothing is missed that a stack does not have");
  });

  test("notice an application or a schedule that no container answers for", () => {
    const expected = ['up{job!~"(worker|replicas)-.+"} == 0', 'absent(up{job="app-shop"})', 'absent(up{job="schedules-shop",task="tidy"})', 'absent(up{job="schedules-shop",task="mail"})'];
    assert.equal(alerts.find(({ alert }) => alert === "TargetMissing")?.expr, expected.join(" or "));
  });

  test("look back no further than the shortest retention, a day, however late a schedule or a backup may be", () => {
    const late = { ...everything, schedulers: [{ name: "shop", tasks: [{ name: "tidy", alertAfter: 40 * 86_400 }] }], backups: { backup: 40 * 86_400, drill: 40 * 86_400 } };
    const { groups } = parse(renderRules(late)) as { groups: { rules: { expr: string }[] }[] };
    const units: Record<string, number> = { s: 1, m: 60, h: 3600, d: 86_400, w: 7 * 86_400 };
    const windows = groups.flatMap(({ rules }) => rules.flatMap(({ expr }) => [...expr.matchAll(/(?:\[|offset )(\d+)([smhdw])/g)].map(([, count, unit]) => Number(count) * (units[unit ?? ""] ?? NaN))));
    assert.ok(windows.length > 10);
    assert.ok(Math.max(...windows) <= 12 * 3600, `${Math.max(...windows)} s`);
  });

  test("of a service with one replica know no state between well and gone", () => {
    const names = alertsOf({ ...everything, services: [{ name: "shop", role: "worker", replicas: 1 }] }).map(({ alert }) => alert);
    assert.deepEqual(names.filter((name) => /Replicas/.test(name)), ["NoReplicas"]);
  });

  test("of workers miss each role that has none, and are not there without workers", () => {
    const of = (workers: { name: string; roles: string[] }[]) => alertsOf({ ...everything, workers }).filter(({ alert }) => alert.startsWith("Worker"));
    assert.deepEqual(of([]), []);
    const [down, replica] = of([{ name: "shop", roles: ["worker", "worker-mail"] }, { name: "cart", roles: ["worker"] }]);
    assert.deepEqual(down?.expr.match(/absent\(.*?\)/g), ['absent(up{job="worker-shop",app="shop",role="worker"})', 'absent(up{job="worker-shop",app="shop",role="worker-mail"})', 'absent(up{job="worker-cart",app="cart",role="worker"})']);
    assert.doesNotMatch(replica?.expr ?? "absent", /absent/, "a role with one replica that is gone has no other");
  });

  test("say how old a backup is by its own schedule", () => {
    const summary = (backup: number) => alertsOf({ ...watched, backups: { backup, drill: 1 } }).find(({ alert }) => alert === "BackupStale")?.annotations.summary;
    assert.deepEqual([26 * 3600, 8 * 86_400].map(summary), ["the newest backup is older than 26 hours", "the newest backup is older than 8 days"]);
  });

  test("wait for a success only where the schedule says how long", () => {
    const of = (name: string) => alerts.filter(({ alert }) => alert === name).map(({ expr }) => /task="(\w+)"/.exec(expr)?.[1]);
    assert.deepEqual(of("ScheduleLate"), ["tidy"]);
    assert.deepEqual(of("ScheduleFailed"), ["tidy", "mail"]);
  });

  test("are all in the manual, each with its severity, and no other", () => {
    const manual = readFileSync(join(import.meta.dirname, "../../../../docs/monitoring.md"), "utf8");
    const rows = [...manual.matchAll(/^\| `([A-Z]\w+)` \| (\w+) \|/gm)].map(([, name, severity]) => `${name} ${severity}`);
    assert.deepEqual(rows, [...new Set(alertsOf({ ...everything, applications: [...watched.applications, monitored] }).map(({ alert, labels }) => `${alert} ${labels.severity}`))]);
  });

  test("each have a severity, what is wrong in one line, and where to look", () => {
    for (const { alert, labels, annotations } of alertsOf(everything)) {
      assert.match(labels.severity, /^(critical|warning|none)$/, alert);
      assert.match(annotations.summary, /^[^\n]{10,90}$/, alert);
      assert.match(annotations.description, /berth \w+|docker \w+/, alert);
    }
  });

  test("none fires at once by what a lost scrape or a deploy does", () => {
    const atOnce = alertsOf(everything).filter(({ for: wait }) => wait === undefined).map(({ alert }) => alert);
    assert.deepEqual([...new Set(atOnce)], ["DeadMansSwitch", "RestartLoop", "ScheduleFailed", "ScheduleLate", "RedisRefusesWrites", "OutOfMemory", "LogsLost", "MetricsRefused", "MetricsChurn", "MetricsCutShort"]);
  });
});
