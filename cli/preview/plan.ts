import { createHash } from "node:crypto";
import { SIGNATURE } from "../../pulumi/values.ts";
import type { Deployment } from "../deploy/stack-state.ts";
import { types } from "../../pulumi/resource-types.ts";
import { isReal, type Step } from "./tree.ts";

/** One step of a plan: what it does to which resource, and a hash of what the resource becomes. */
export interface PlannedStep {
  op: Step["op"];
  urn: string;
  name: string;
  hash: string;
}

/** What an update was going to do, and of what. Hashes and no values: it holds no secret. */
export interface Plan {
  berthPlan: 1;
  stack: string;
  engine: string;
  /** When: ISO 8601 in UTC. */
  made: string;
  /** Hash of the state that it was made from. */
  state: string;
  /** Hash of the stack file's settings, secrets as they are encrypted there. */
  settings: string;
  steps: PlannedStep[];
  /** The Pulumi CLI's own plan, its secrets encrypted as in the state. */
  pulumi?: unknown;
}

/** What a plan is made of, and what it is compared with. */
export interface Planned {
  stack: string;
  engine: string;
  state: Deployment;
  settings: unknown;
  steps: readonly Step[];
  /** Hashes of the folders that images are built from, by the URN of the image. */
  contexts: Record<string, string>;
}

export function planOf(planned: Planned, made: Date): Plan {
  const { stack, engine, state, settings } = planned;
  return { berthPlan: 1, stack, engine, made: made.toISOString(), state: stateHash(state), settings: hashOf(settings), steps: stepsOf(planned) };
}

/** Why a plan does not fit any more; empty where it does. Whole sentences, at most `most` of them about steps. */
export function misfits(plan: Plan, now: Planned, most = 10): string[] {
  const reasons: string[] = [];
  if (plan.stack !== now.stack) return [`It is a plan for the stack "${plan.stack}", not for "${now.stack}".`];
  if (plan.engine !== now.engine) return [`It was made with the engine "${plan.engine}", and this stack is applied by "${now.engine}".`];
  if (plan.state !== stateHash(now.state)) reasons.push("The stack was changed after the plan was made: its state is another one.");
  if (plan.settings !== hashOf(now.settings)) reasons.push(`Pulumi.${now.stack}.yaml has other settings or secrets than when the plan was made.`);
  const differs = stepDifferences(plan.steps, stepsOf(now));
  reasons.push(...differs.slice(0, most));
  if (differs.length > most) reasons.push(`And ${differs.length - most} steps more.`);
  return reasons;
}

const doing = { create: "created", update: "updated", replace: "replaced", delete: "deleted" } as const;

function stepDifferences(planned: readonly PlannedStep[], now: readonly PlannedStep[]): string[] {
  const [before, after] = [byUrn(planned), byUrn(now)];
  const gone = planned.filter(({ urn }) => !after.has(urn)).map(({ op, name }) => `${name}: in the plan it is ${doing[op]}, and now it would stay as it is.`);
  const others = now.flatMap(({ urn, op, name, hash }) => {
    const step = before.get(urn);
    if (step === undefined) return [`${name}: it would be ${doing[op]}, and is not in the plan.`];
    if (step.op !== op) return [`${name}: in the plan it is ${doing[step.op]}, and now it would be ${doing[op]}.`];
    return step.hash === hash ? [] : [`${name}: it would become something else than in the plan.`];
  });
  return [...gone, ...others];
}

function byUrn(steps: readonly PlannedStep[]): Map<string, PlannedStep> {
  return new Map(steps.map((step) => [step.urn, step]));
}

function stepsOf({ steps, contexts }: Planned): PlannedStep[] {
  const real = steps.filter(isReal);
  // An engine names containers by chance, in each preview anew; others, such as routes, refer to these names.
  const names = real.flatMap(({ type, name, detail }) => (type === types.container && typeof detail.after?.["name"] === "string" ? [[detail.after["name"], name] as const] : []));
  return real.map(({ op, urn, name, detail }) => {
    let text = canonical({ after: detail.after ?? null, deleteFirst: detail.deleteFirst === true, context: contexts[urn] ?? null });
    for (const [given, resource] of names) text = text.replaceAll(given, resource);
    return { op, urn, name, hash: sha256(text.replaceAll(/\brevision-[0-9a-f]{12}\b/g, "revision")) };
  });
}

/** Of everything that the state says, but not of how its secrets are encrypted. */
export function stateHash({ resources = [], pending_operations: pending = [] }: Deployment): string {
  const told = resources.map(({ urn, id, delete: gone, inputs, outputs }) => canonical({ urn, id: id ?? null, gone: gone === true, inputs: inputs ?? null, outputs: outputs ?? null }));
  return hashOf({ resources: told.toSorted(), pending: pending.map(({ resource, type }) => `${type} ${resource.urn}`).toSorted() });
}

function hashOf(value: unknown): string {
  return sha256(canonical(value));
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/** JSON with sorted keys; the same secret may be encrypted another way each time. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, item: unknown) => {
    if (typeof item !== "object" || item === null || Array.isArray(item)) return item;
    if (SIGNATURE in item) return "[secret]";
    return Object.fromEntries(Object.entries(item).toSorted(([a], [b]) => (a < b ? -1 : 1)));
  });
}
