import { parser } from "@prometheus-io/lezer-promql";
import type { AppDefinition, MetricAlert, MetricPanel } from "../../components/index.ts";
import { dashboardId, dashboards as own } from "../../components/monitoring/grafana-dashboards.ts";
import type { Problem } from "../problems.ts";

/** What Prometheus or Grafana would refuse of an application's alerts and dashboards: they would not start with it. */
export function metricProblems({ metrics }: AppDefinition, file: string): Problem[] {
  const { alerts = [], dashboards = {} } = metrics ?? {};
  const wrong = (field: string, value: string, allowed: string): Problem => ({ field: `metrics.${field} of ${file}`, value: `"${value}"`, allowed, fix: `correct it in ${file}` });

  const alertProblems = ({ name, expr }: MetricAlert, index: number): Problem[] => [
    ...(/^[A-Za-z_]\w*$/.test(name) ? [] : [wrong(`alerts[${index}].name`, name, "letters, digits and _, for example SiteDown")]),
    ...(alerts.findIndex((other) => other.name === name) === index ? [] : [wrong(`alerts[${index}].name`, name, "a name that no other alert of it has")]),
    ...notPromQl(expr).map((allowed) => wrong(`alerts[${index}].expr`, expr, allowed)),
  ];
  const panelProblems = (title: string, panels: readonly MetricPanel[]): Problem[] => [
    ...(dashboardId(title) in own() ? [wrong("dashboards", title, `a title other than Berth's: ${Object.values(own()).map((one) => one.title).join(", ")}`)] : []),
    ...panels.flatMap(({ title: panel, expr }) => notPromQl(expr).map((allowed) => wrong(`dashboards.${title}."${panel}".expr`, expr, allowed))),
  ];
  return [...alerts.flatMap(alertProblems), ...Object.entries(dashboards).flatMap(([title, panels]) => panelProblems(title, panels))];
}

/** What is allowed instead; nothing where it is PromQL. Grafana's own durations, as `$__rate_interval`, are filled in. */
function notPromQl(expr: string): string[] {
  const text = expr.replace(/\$__\w+/g, "1m");
  if (text.trim() === "") return ["PromQL, for example site_up == 0"];
  let at: number | undefined;
  parser.parse(text).iterate({
    enter: ({ type, from }) => {
      if (type.isError) at ??= from;
    },
  });
  if (at === undefined) return [];
  return [`PromQL, for example site_up == 0; this is none from ${at === text.length ? "its end on" : `"${text.slice(at, at + 20)}" on`}`];
}
