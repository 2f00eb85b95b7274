import type { DriftReport } from "./compare.ts";
import type { Drift } from "./finding.ts";

/** `container root-web-0: stopped, code 137 (the state says: running)`. */
export function driftLine({ kind, resource, is, state }: Drift): string {
  return `${kind === "stack" ? "" : `${kind} `}${resource}: ${is} (the state says: ${state})`;
}

/** The whole report for people: harmful ones with reason and command, then harmless ones in short. */
export function driftText({ stack, compared, drifts, harmful, readOnlyRoots }: DriftReport, style: (colour: "red" | "yellow" | "green" | "dim", text: string) => string): string {
  const bad = drifts.filter((drift) => drift.harmful);
  const rest = drifts.filter((drift) => !drift.harmful);
  const blocks = [
    ...bad.map((drift) => [`${style("red", "harmful ")} ${driftLine(drift)}`, `         ${drift.reason}`, `         repair: ${drift.repair}`].join("\n")),
    ...rest.map((drift) => [`${style("dim", "harmless")} ${driftLine(drift)}`, `         ${drift.reason}`, ...(drift.repair === "" ? [] : [`         to be rid of it: ${drift.repair}`])].join("\n")),
  ];
  const sum = drifts.length === 0 ? style("green", "no drift") : `${harmful === 0 ? style("green", "no harmful drift") : style("red", `${harmful} harmful`)}, ${rest.length} harmless`;
  const unseen = `Not seen: what is in volumes, in /tmp and in processes; files of the ${readOnlyRoots} containers with a read-only root cannot have changed.`;
  const repairs = new Set(bad.map(({ repair }) => repair));
  return [
    ...blocks,
    ...(blocks.length > 0 ? [""] : []),
    `${sum}; ${compared} resources of stack "${stack}" compared`,
    ...(repairs.size === 1 ? [`Repair all: ${[...repairs][0]}`] : []),
    style("dim", unseen),
  ].join("\n");
}

/** Of a stack that does not run. @param place Where its state is, for people. */
export function notUpText(stack: string, place: string): string {
  return [
    `stack "${stack}" is not up here, so whether it has drifted is not known: the state that was looked in runs nothing of it: ${place}.`,
    `Where it is up, its state is elsewhere: name it by PULUMI_BACKEND_URL. Otherwise ./berth up -s ${stack}`,
  ].join("\n");
}
