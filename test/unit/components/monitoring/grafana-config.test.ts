import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parse } from "yaml";
import monitor from "../../../../apps/profiles/monitor/app.ts";
import { renderDashboardProvider, renderDatasources, renderGrafanaIni } from "../../../../components/monitoring/grafana-config.ts";
import { dashboards, dependent } from "../../../../components/monitoring/grafana-dashboards.ts";
import { figure, lines, placed } from "../../../../components/monitoring/grafana-panel.ts";

describe("the dashboards", () => {
  const all = dashboards([monitor.metrics, monitor.metrics]);

  test("are one for each part, by an id that is their file's name", () => {
    assert.deepEqual(Object.keys(all), ["overview", "applications", "postgres", "redis", "host", "schedules-and-backups", "sites"]);
    for (const [uid, dashboard] of Object.entries(all)) assert.deepEqual([dashboard.uid, dashboard.editable], [uid, false]);
    for (const uid of dependent) assert.ok(uid in all, uid);
  });

  test("have the panels of two applications under one title, and each once where two run from one folder", () => {
    const other = { dashboards: { Sites: [{ title: "Visits", unit: "short", expr: "visits" }] } };
    assert.deepEqual([dashboards([monitor.metrics])["sites"]?.panels.length, all["sites"]?.panels.length, dashboards([monitor.metrics, other])["sites"]?.panels.length], [4, 4, 5]);
    assert.ok(!("sites" in dashboards()));
  });

  test("have panels that cover no other, each with queries of the one data source", () => {
    for (const { uid, panels } of Object.values(all)) {
      assert.equal(new Set(panels.map(({ id }) => id)).size, panels.length, uid);
      const fields = panels.flatMap(({ gridPos: { x, y, w, h } }) => Array.from({ length: w * h }, (_, field) => `${x + (field % w)},${y + Math.floor(field / w)}`));
      assert.equal(new Set(fields).size, fields.length, `${uid}: panels overlap`);
      assert.ok(panels.every(({ gridPos: { x, w } }) => x + w <= 24), uid);
      for (const { title, datasource, targets } of panels) {
        assert.ok(targets.length > 0, title);
        for (const target of targets) assert.deepEqual([target.datasource, datasource], [{ type: "prometheus", uid: "prometheus" }, datasource], title);
        assert.equal(new Set(targets.map(({ refId }) => refId)).size, targets.length, title);
      }
    }
  });

  test("place figures six in a row, and lines two in a row below", () => {
    const panels = placed([...Array.from({ length: 7 }, () => figure("a", "short", "up")), ...Array.from({ length: 3 }, () => lines("b", "short", ["up"]))]);
    assert.deepEqual(panels.map(({ gridPos: { x, y } }) => [x, y]), [[0, 0], [4, 0], [8, 0], [12, 0], [16, 0], [20, 0], [0, 4], [0, 8], [12, 8], [0, 16]]);
  });

  test("show a backup in red where its alert fires, by the schedule of the stack", () => {
    const steps = (...ages: Parameters<typeof dashboards>[1][]) => ages.map((age) => dashboards([], age)["schedules-and-backups"]?.panels[0]?.fieldConfig.defaults.thresholds.steps.at(-1));
    assert.deepEqual(steps(undefined, { backup: 8 * 3600, drill: 86_400 }), [{ value: 26 * 3600, color: "red" }, { value: 8 * 3600, color: "red" }]);
  });

  test("colour a figure by its thresholds", () => {
    const [panel] = placed([figure("a", "short", "up", [1, 2])]);
    assert.deepEqual(panel?.fieldConfig.defaults.thresholds.steps, [{ value: null, color: "green" }, { value: 1, color: "orange" }, { value: 2, color: "red" }]);
  });
});

describe("Grafana's configuration", () => {
  test("has secrets as files, and looks for nothing outside", () => {
    const text = renderGrafanaIni("https://grafana.example.com");
    assert.match(text, /^\[server\]\nhttp_port = 3000\nroot_url = https:\/\/grafana\.example\.com\n/);
    assert.match(text, /^admin_password = \$__file\{\/run\/secrets\/admin-password\}$/m);
    assert.match(text, /^secret_key = \$__file\{\/run\/secrets\/secret-key\}$/m);
    for (const outside of ["reporting_enabled", "check_for_updates", "check_for_plugin_updates", "news_feed_enabled", "external_enabled"]) assert.match(text, new RegExp(`^${outside} = false$`, "m"));
  });

  test("asks Prometheus by its login", () => {
    const { datasources } = parse(renderDatasources("http://prometheus:9090", "berth")) as { datasources: Record<string, unknown>[] };
    assert.deepEqual(datasources, [
      {
        type: "prometheus",
        uid: "prometheus",
        name: "Prometheus",
        access: "proxy",
        url: "http://prometheus:9090",
        isDefault: true,
        editable: false,
        basicAuth: true,
        basicAuthUser: "berth",
        jsonData: { timeInterval: "15s", httpMethod: "POST" },
        secureJsonData: { basicAuthPassword: "$__file{/run/secrets/prometheus-password}" },
      },
    ]);
  });

  test("finds the dashboards where they are mounted", () => {
    const { providers } = parse(renderDashboardProvider()) as { providers: { options: { path: string } }[] };
    assert.deepEqual(providers.map(({ options }) => options.path), ["/etc/grafana/provisioning/dashboards"]);
  });
});
