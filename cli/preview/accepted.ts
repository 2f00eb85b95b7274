import { type Exception, exceptionOf } from "../../policy/exceptions.ts";
import { type Deployment, realResources } from "../deploy/stack-state.ts";
import { types } from "../../pulumi/resource-types.ts";
import type { Step } from "./tree.ts";

/** An exception of the platform from the policy, and how many containers of the stack are under it. */
export interface Accepted {
  /** What they may have, for example `root, CHOWN`. */
  what: string;
  reason: string;
  containers: number;
}

/** The accepted exceptions that apply to the stack as it will be. What an application loosens is in its app.ts. */
export function acceptedIn(state: Deployment, steps: readonly Step[]): Accepted[] {
  const urns = new Set(realResources(state).filter(({ type }) => type === types.container).map(({ urn }) => urn));
  for (const { urn, type, op } of steps) {
    if (op === "delete") urns.delete(urn);
    else if (type === types.container) urns.add(urn);
  }
  const counts = new Map<Exception, number>();
  for (const exception of [...urns].flatMap((urn) => exceptionOf(urn) ?? [])) counts.set(exception, (counts.get(exception) ?? 0) + 1);
  return [...counts].map(([{ allowance, reason }, containers]) => ({ what: [...(allowance.root === true ? ["root"] : []), ...(allowance.capabilities ?? [])].join(", "), reason, containers }));
}
