import { EngineError, type EventLog } from "./events.ts";
import type { Goal } from "../pulumi/goal.ts";
import { needs } from "./graph.ts";
import type { Ledger } from "./ledger.ts";
import { newRecord } from "./record.ts";
import type { Resource } from "../pulumi/state.ts";
import { nameOf, typeOf } from "../pulumi/urn.ts";
import { withoutDefaults, type Props } from "../pulumi/values.ts";

/** Which resources a run may change, by URN. */
export interface Selection {
  has: (urn: string) => boolean;
}

/** As the CLI selects: providers and the stack itself are always among the targets, and exist in the state alone. */
export function selectionOf({ targets, exclude }: { targets?: readonly string[] | undefined; exclude?: readonly string[] | undefined }): Selection {
  const [wanted, left] = [targets && new Set(targets), new Set(exclude)];
  return { has: (urn) => isOwn(urn) || (!left.has(urn) && wanted?.has(urn) !== false) };
}

function isOwn(urn: string): boolean {
  const type = typeOf(urn);
  return type === "pulumi:pulumi:Stack" || type.startsWith("pulumi:providers:");
}

/** Resources that the program registers and the run may not change: they stay as the state has them, and nobody looks at them. */
export class Bystanders {
  readonly #selection: Selection;
  readonly #ledger: Ledger;
  readonly #events: EventLog;
  /** Neither there nor to be made. */
  readonly #skipped = new Set<string>();

  constructor(selection: Selection, ledger: Ledger, events: EventLog) {
    this.#selection = selection;
    this.#ledger = ledger;
    this.#events = events;
  }

  /** The record that answers a registration; of what is not there it says what the program asked for, and is written nowhere. */
  leave(urn: string, goal: Goal, old: Resource | undefined): Resource {
    if (old !== undefined) return this.#keep(old);
    this.#skipped.add(urn);
    return { ...newRecord(urn, goal, goal.inputs, goal.provider), outputs: withoutDefaults(goal.inputs) as Props };
  }

  /** @throws EngineError where a resource needs one that is not made. */
  requireMade(urn: string, { parent, dependencies, propertyDependencies }: Goal): void {
    const missing = [parent, ...dependencies, ...Object.values(propertyDependencies).flat()].find((needed) => this.#skipped.has(needed));
    if (missing !== undefined) throw new EngineError([`${urn}: needs ${nameOf(missing)}, which is not there and is not among what this run may make`]);
  }

  /** Before it what it needs, registered or not: no record may come before those that it names. */
  #keep(old: Resource): Resource {
    if (!this.#ledger.rest.has(old)) return old;
    const needed = needs(old).flatMap((urn) => (this.#selection.has(urn) ? [] : (this.#ledger.get(urn) ?? [])));
    for (const resource of needed) this.#keep(resource);
    this.#ledger.keep(old, old);
    this.#events.emit({ phase: "done", op: "same", urn: old.urn, type: old.type, name: nameOf(old.urn) });
    return old;
  }
}
