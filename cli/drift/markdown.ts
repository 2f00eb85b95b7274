import { codeSpan } from "../preview/escape.ts";
import type { DriftReport } from "./compare.ts";
import type { Drift } from "./finding.ts";
import { driftLine } from "./text.ts";

/** The whole report as Markdown. What stands on the host is a stranger's text: all of it is code, which nothing in it can end. */
export function driftMarkdown({ stack, compared, drifts, harmful }: DriftReport): string {
  const bad = drifts.filter((drift) => drift.harmful);
  const rest = drifts.filter((drift) => !drift.harmful);
  const sum = drifts.length === 0 ? "No drift" : `${harmful} harmful, ${rest.length} harmless`;
  return [
    `## Drift of ${codeSpan(stack)}`,
    "",
    `**${sum}**; ${compared} resources compared.`,
    ...section("Harmful", bad, "Repair"),
    ...section("Harmless", rest, "To be rid of it"),
  ].join("\n");
}

function section(title: string, drifts: readonly Drift[], remedy: string): string[] {
  if (drifts.length === 0) return [];
  const rows = drifts.map((drift) => `| ${[driftLine(drift), drift.reason, drift.repair].map((text) => (text === "" ? "" : codeSpan(text, true))).join(" | ")} |`);
  return ["", `### ${title}`, "", `| What | Why | ${remedy} |`, "|---|---|---|", ...rows];
}
