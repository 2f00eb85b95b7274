/** A query and the name of its lines, for example `{{service}}`. */
export interface Query {
  /** PromQL; `$__rate_interval` is at least four scrapes. */
  expr: string;
  /** @default the series' labels */
  legend?: string;
}

/** What a panel shows; its place follows from the order. */
export interface PanelSpec {
  title: string;
  /** One sentence for the reader. */
  description?: string;
  type: "timeseries" | "stat";
  /** Grafana's unit id, for example `bytes`, `percentunit`, `reqps`. */
  unit: string;
  queries: Query[];
  /** From these values on, in this order of colours: green, orange, red. @default none */
  thresholds?: [orange: number, red: number];
}

const columns = 24;
const sizes = { timeseries: { w: 12, h: 8 }, stat: { w: 4, h: 4 } };
const letters = "ABCDEFGH";

/** The data source of provisioning, by the uid that grafana-config.ts gives it. */
export const datasource = { type: "prometheus", uid: "prometheus" };

/** Lines over time. */
export function lines(title: string, unit: string, ...queries: [string, string?][]): PanelSpec {
  return { title, unit, type: "timeseries", queries: queries.map(([expr, legend]) => ({ expr, legend })) };
}

/** One number, or one for each series. */
export function figure(title: string, unit: string, expr: string, thresholds?: [number, number], legend?: string): PanelSpec {
  return { title, unit, type: "stat", queries: [{ expr, legend }], thresholds };
}

/** Panels in Grafana's own form, in rows from left to right. */
export function placed(panels: PanelSpec[]) {
  let [x, y, height] = [0, 0, 0];
  return panels.map((panel, index) => {
    const { w, h } = sizes[panel.type];
    if (x + w > columns || (x > 0 && h !== height)) [x, y] = [0, y + height];
    const gridPos = { x, y, w, h };
    [x, height] = [x + w, h];
    return { id: index + 1, gridPos, ...body(panel) };
  });
}

function body({ title, description = "", type, unit, queries, thresholds }: PanelSpec) {
  const steps = [{ value: null, color: "green" }, ...(thresholds ?? []).map((value, index) => ({ value, color: index === 0 ? "orange" : "red" }))];
  return {
    type,
    title,
    description,
    datasource,
    targets: queries.map(({ expr, legend = "" }, index) => ({ refId: letters.charAt(index), datasource, expr, legendFormat: legend === "" ? "__auto" : legend })),
    fieldConfig: {
      defaults: {
        unit,
        min: type === "timeseries" ? 0 : undefined,
        color: { mode: thresholds === undefined ? "palette-classic" : "thresholds" },
        thresholds: { mode: "absolute" as const, steps },
        custom: type === "timeseries" ? { fillOpacity: 10, showPoints: "never" } : undefined,
      },
      overrides: [],
    },
    options:
      type === "stat"
        ? { reduceOptions: { calcs: ["lastNotNull"], fields: "", values: false }, colorMode: thresholds === undefined ? "none" : "background", textMode: "auto", graphMode: "area" }
        : { legend: { calcs: [], displayMode: "list", placement: "bottom", showLegend: true }, tooltip: { mode: "multi", sort: "desc" } },
  };
}
