import { typeOf } from "../../pulumi/urn.ts";
import type { ResourceDetail, ResourceEvent } from "../deploy/deployer.ts";
import { type Deployment, nameOf } from "../deploy/stack-state.ts";
import { types } from "../../pulumi/resource-types.ts";

/** One change of one resource, as an engine's preview tells it. */
export interface Step {
  op: "create" | "update" | "replace" | "delete";
  urn: string;
  type: string;
  name: string;
  detail: ResourceDetail;
}

/** What a resource belongs to: an application, or a part of the platform such as `postgres`. */
export interface Owner {
  name: string;
  kind: "application" | "part";
}

const operations = new Set<string>(["create", "update", "replace", "delete"]);

/** The step that an event tells of; undefined of one that changes nothing. */
export function stepOf({ phase, op, urn, type, name, detail }: ResourceEvent): Step | undefined {
  if (phase !== "done" || !operations.has(op)) return undefined;
  return { op: op as Step["op"], urn, type, name, detail: detail ?? { diff: [], replaces: [] } };
}

/** Components, providers and the stack exist in the program only. */
export function isReal({ type }: Pick<Step, "type">): boolean {
  return !type.startsWith("pulumi:") && !type.startsWith("berth:");
}

/** Who owns each resource, by the tree of components in state and preview. */
export class Tree {
  readonly #parents = new Map<string, string | undefined>();

  constructor(state: Deployment, steps: readonly Step[]) {
    for (const { urn, parent } of state.resources ?? []) this.#parents.set(urn, parent);
    for (const { urn, detail } of steps) if (detail.parent !== undefined) this.#parents.set(urn, detail.parent);
  }

  ownerOf(urn: string): Owner {
    let top = urn;
    for (let at: string | undefined = urn; at !== undefined && at !== "" && !isStack(at); at = this.#parents.get(at)) {
      if (typeOf(at) === "berth:index:Application") return { name: nameOf(at), kind: "application" };
      top = at;
    }
    return { name: nameOf(top), kind: "part" };
  }
}

function isStack(urn: string): boolean {
  return typeOf(urn) === types.stack;
}
