import assert from "node:assert/strict";
import { describe, test } from "node:test";
import monitor from "../../../../apps/profiles/monitor/app.ts";
import type { Metrics } from "../../../../components/index.ts";
import { alertsOf } from "../../../../components/monitoring/alert-rules.ts";
import { dashboards } from "../../../../components/monitoring/grafana-dashboards.ts";
import { metricProblems } from "../../../../config/checks/metrics.ts";

const problemsOf = (metrics: Omit<Metrics, "port">) => metricProblems({ context: "/apps/shop", metrics: { port: 9090, ...metrics } }, "apps/shop/app.ts");
const alert = (name: string, expr: string) => ({ name, expr, severity: "warning" as const, summary: "wrong", description: "berth logs shop" });
const panel = (expr: string) => ({ title: "Orders", unit: "short", expr });

describe("what an application makes of its metrics", () => {
  test("has no problem where it is right", () => {
    assert.deepEqual(metricProblems(monitor, "apps/profiles/monitor/app.ts"), []);
    assert.deepEqual(problemsOf({}), []);
  });

  test("is told of an alert whose name or expression Prometheus would refuse", () => {
    assert.deepEqual(
      problemsOf({ alerts: [alert("No orders", "orders == 0"), alert("Slow", "rate(orders[5m]"), alert("Slow", ""), alert("Late", "orders offset")] }).map(({ field, value, fix }) => [field, value, fix]),
      [
        ["metrics.alerts[0].name of apps/shop/app.ts", '"No orders"', "correct it in apps/shop/app.ts"],
        ["metrics.alerts[1].expr of apps/shop/app.ts", '"rate(orders[5m]"', "correct it in apps/shop/app.ts"],
        ["metrics.alerts[2].name of apps/shop/app.ts", '"Slow"', "correct it in apps/shop/app.ts"],
        ["metrics.alerts[2].expr of apps/shop/app.ts", '""', "correct it in apps/shop/app.ts"],
        ["metrics.alerts[3].expr of apps/shop/app.ts", '"orders offset"', "correct it in apps/shop/app.ts"],
      ],
    );
    assert.match(problemsOf({ alerts: [alert("A", "orders =< 5")] })[0]?.allowed ?? "", /this is none from "=< 5" on$/);
  });

  test("is told of a dashboard that has the title of one of Berth's, and of a panel's expression", () => {
    assert.deepEqual(problemsOf({ dashboards: { host: [panel("orders")], Orders: [panel("sum(")] } }).map(({ field }) => field), [
      "metrics.dashboards of apps/shop/app.ts",
      'metrics.dashboards.Orders."Orders".expr of apps/shop/app.ts',
    ]);
  });

  test("may use Grafana's own durations in a panel; all of Berth's expressions are PromQL", () => {
    const expressions = Object.values(dashboards()).flatMap(({ panels }) => panels.flatMap(({ targets }) => targets.map(({ expr }) => expr)));
    assert.ok(expressions.some((expr) => expr.includes("$__rate_interval")));
    assert.deepEqual(problemsOf({ dashboards: { Orders: expressions.map(panel) } }), []);
    const rules = alertsOf({ applications: [{ name: "monitor", ...monitor.metrics }], schedulers: [], backups: { backup: 1, drill: 1 }, workers: [{ name: "shop", roles: ["worker"] }], services: [{ name: "shop", role: "web", replicas: 2 }], httpsHosts: ["shop.example"], logs: true });
    assert.deepEqual(problemsOf({ alerts: rules.map(({ expr }, index) => alert(`Rule${index}`, expr)) }), []);
  });
});
