import type { Drift } from "../drift/finding.ts";
import type { Step, Tree } from "./tree.ts";

/** Something that was changed by hand on the Docker host, which `up` puts right before it applies the program. */
export interface HandChange {
  /** The application, or the part of the platform. */
  part: string;
  kind: Drift["kind"];
  /** Its name in the program. */
  resource: string;
  /** What is there, and what the state says. */
  is: string;
  state: string;
  /** `removed` where the program has it no more. */
  how: "set back" | "started" | "made again" | "replaced" | "removed";
  /** Whether a container starts anew by it. */
  restarts: boolean;
}

/** What becomes of each difference, applications first. A container that this update replaces anyway is `replaced`. */
export function handChanges(drifts: readonly Drift[], tree: Tree, steps: readonly Step[]): HandChange[] {
  const planned = new Map(steps.map(({ urn, op }) => [urn, op]));
  const replaced = new Set(drifts.filter(({ urn = "", remedy }) => remedy === "replace" || planned.get(urn) === "replace").map(({ urn }) => urn));
  const changes = drifts.map(({ urn = "", kind, resource, is, state, remedy, what }) => {
    const owner = tree.ownerOf(urn);
    const how = howOf(planned.get(urn) === "delete", remedy === "forget", replaced.has(urn), what === "stopped");
    const change: HandChange = { part: owner.name, kind, resource, is, state, how, restarts: kind === "container" && (how === "started" || how === "made again" || how === "replaced") };
    return { rank: owner.kind === "application" ? 0 : 1, change };
  });
  return changes.toSorted((a, b) => a.rank - b.rank || a.change.part.localeCompare(b.change.part)).map(({ change }) => change);
}

function howOf(removed: boolean, gone: boolean, replaced: boolean, stopped: boolean): HandChange["how"] {
  if (removed) return "removed";
  if (gone) return "made again";
  if (replaced) return "replaced";
  return stopped ? "started" : "set back";
}
