import { isReal, type Step, stepOf } from "../preview/tree.ts";
import { type OpsError, refusedError } from "../exit.ts";
import type { ResourceEvent } from "./deployer.ts";
import { ownersOf, type Scope } from "./scope.ts";
import { type Deployment, nameOf } from "./stack-state.ts";

/**
 * What an update of some applications may change, from a preview of it: all that is theirs in the state, and what the
 * preview makes of theirs.
 *
 * @returns URNs.
 * @throws OpsError (6) naming each shared part that would change, where the update of all is the way.
 */
export function targetsOf(stack: string, scope: Scope, state: Deployment, events: readonly ResourceEvent[]): string[] {
  const changes = events.flatMap((event) => stepOf(event) ?? []);
  const resources = [...(state.resources ?? []), ...changes.map(({ urn, detail }) => ({ urn, ...(detail.parent !== undefined && { parent: detail.parent }) }))];
  const owners = ownersOf(scope.known, resources);
  const isOwn = ({ urn }: Step) => scope.apps.includes(owners.get(urn) ?? "");
  // What stays in the state must not name what has left it.
  const needed = new Set((state.resources ?? []).filter(({ urn }) => scope.others.includes(urn)).flatMap(({ dependencies = [] }) => dependencies));
  const shared = changes.filter((step) => isReal(step) && (!isOwn(step) || (step.op === "delete" && needed.has(step.urn))));
  if (shared.length > 0) throw refused(stack, scope, shared);
  return [...new Set([...scope.own, ...changes.filter(isOwn).map(({ urn }) => urn)])];
}

function refused(stack: string, { apps }: Scope, shared: readonly Step[]): OpsError {
  return refusedError(
    [
      `nothing was changed: an update of ${apps.join(", ")} alone would change what the applications of stack "${stack}" share, or what waits for it:`,
      ...shared.map(({ op, urn, detail: { diff } }) => `  to ${op} ${nameOf(urn)}${op === "create" || op === "delete" || diff.length === 0 ? "" : `: ${diff.join(", ")}`}`),
      `An application that is new, gone, or has another need (database, cache, metrics, a worker, a schedule, egress), and a change of the platform, is for the update of all: ./berth up -s ${stack}`,
    ].join("\n"),
  );
}
