import { spawnSync } from "node:child_process";
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import monitor from "../../../../apps/profiles/monitor/app.ts";
import { dashboards } from "../../../../components/monitoring/grafana-dashboards.ts";

const modules = join(import.meta.dirname, "../../../../node_modules");

// Grafana publishes the form of its dashboards as TypeScript: the compiler is the checker. It shows names and kinds of
// fields, not that a panel looks well.
test("the dashboards have the form that Grafana publishes", () => {
  const folder = mkdtempSync(join(tmpdir(), "berth-grafana-"));
  try {
    symlinkSync(modules, join(folder, "node_modules"));
    const all = Object.values(dashboards([monitor.metrics]));
    const panels = all.flatMap((dashboard) => dashboard.panels);
    const of = (type: string) => panels.filter((panel) => panel.type === type);
    const raw = "./node_modules/@grafana/schema/dist/types/raw/composable";
    // An enumeration's member is a type of its own, and JSON has only its text.
    const program = `
      import type { Dashboard, GraphFieldConfig, Panel } from "@grafana/schema";
      import type { Options as Figure } from "${raw}/stat/panelcfg/x/types.gen.js";
      import type { Options as Lines } from "${raw}/timeseries/panelcfg/x/types.gen.js";
      type Plain<T> = T extends string ? \`\${T}\` : T extends (infer E)[] ? Plain<E>[] : T extends object ? { [K in keyof T]: Plain<T[K]> } : T;
      export const all: Plain<Omit<Dashboard, "panels"> & { panels: Panel[] }>[] = ${JSON.stringify(all)};
      export const figures: Plain<Partial<Figure>>[] = ${JSON.stringify(of("stat").map(({ options }) => options))};
      export const lines: Plain<Partial<Lines>>[] = ${JSON.stringify(of("timeseries").map(({ options }) => options))};
      export const custom: Plain<GraphFieldConfig>[] = ${JSON.stringify(of("timeseries").map(({ fieldConfig }) => fieldConfig.defaults.custom))};
      // @ts-expect-error -- a check that takes anything would be told of here
      export const wrong: typeof all = ${JSON.stringify(all.map((dashboard) => ({ ...dashboard, title: 1 })))};
      // @ts-expect-error -- likewise
      export const wrongFigures: typeof figures = [{ graphMode: "round" }];
      // @ts-expect-error -- likewise
      export const wrongLines: typeof lines = [{ legend: { displayMode: "round" } }];`;
    writeFileSync(join(folder, "dashboards.ts"), program);
    const options = ["--noEmit", "--strict", "--skipLibCheck", "--target", "es2024", "--module", "nodenext"];
    const { status, stdout, stderr } = spawnSync(process.execPath, [join(modules, "typescript/bin/tsc"), ...options, "dashboards.ts"], { cwd: folder, encoding: "utf8" });
    assert.deepEqual({ status, said: stdout + stderr }, { status: 0, said: "" });
  } finally {
    rmSync(folder, { recursive: true });
  }
});
