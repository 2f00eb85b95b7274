import { decide, type Decision, describeChanges, mustFollow } from "./decision.ts";
import { DefaultProviders } from "./default-providers.ts";
import { detailOf, EngineError, type EventLog } from "./events.ts";
import type { Goal } from "../pulumi/goal.ts";
import { dependentsOf } from "./graph.ts";
import type { Ledger } from "./ledger.ts";
import type { Operations } from "./operations.ts";
import { ignoreChanges } from "../pulumi/path.ts";
import { resourceType } from "./providers.ts";
import type { Reality } from "./reality.ts";
import { aliasUrns, newRecord, renameReferences, sameRecord } from "./record.ts";
import { Bystanders, type Selection } from "./selection.ts";
import type { Resource } from "../pulumi/state.ts";
import { makeUrn, nameOf } from "../pulumi/urn.ts";
import { equal, UNKNOWN, withoutDefaults, type Props } from "../pulumi/values.ts";

/** What a deployment is of. */
export interface Target {
  stack: string;
  project: string;
  dryRun: boolean;
  /** URNs that are replaced even though nothing has changed. */
  replace: ReadonlySet<string>;
  /** What may change. */
  selection: Selection;
}

/** Brings resources to where the program wants them, one registration at a time, in the order that the program gives. */
export class Deployment {
  readonly #target: Target;
  readonly #ledger: Ledger;
  readonly #operations: Operations;
  readonly #events: EventLog;
  readonly #reality: Reality;
  readonly #goals = new Map<string, Goal>();
  readonly #replaced = new Set<string>();
  readonly #aliased = new Map<string, string>();
  readonly #bystanders: Bystanders;
  readonly #providers = new DefaultProviders((goal) => this.register(goal));

  constructor(target: Target, ledger: Ledger, operations: Operations, events: EventLog, reality: Reality) {
    this.#target = target;
    this.#ledger = ledger;
    this.#operations = operations;
    this.#events = events;
    this.#reality = reality;
    this.#bystanders = new Bystanders(target.selection, ledger, events);
  }

  /** Makes the resource what the goal says. Resolves to its record; throws when that failed. */
  async register(given: Goal): Promise<Resource> {
    const goal = this.#inherit(given);
    const urn = makeUrn(this.#target.stack, this.#target.project, goal.parent, goal.type, goal.name);
    if (this.#goals.has(urn)) {
      throw new EngineError([`${urn}: two resources have this URN; give one of them another name`]);
    }
    this.#goals.set(urn, goal);
    const old = this.#findOld(urn, goal);
    if (!this.#target.selection.has(urn)) return this.#bystanders.leave(urn, goal, old);
    this.#bystanders.requireMade(urn, goal);
    return goal.custom ? this.#registerCustom(urn, goal, old) : this.#registerComponent(urn, goal, old);
  }

  /** Records what a component or the stack says of itself. */
  registerOutputs(urn: string, outputs: Props): void {
    const resource = this.#ledger.get(urn);
    if (resource !== undefined && !equal(resource.outputs ?? {}, outputs)) {
      resource.outputs = outputs;
      this.#ledger.changed(resource);
    }
  }

  async #registerComponent(urn: string, goal: Goal, old: Resource | undefined): Promise<Resource> {
    const next = { ...newRecord(urn, goal, goal.inputs, ""), outputs: old?.outputs ?? {} };
    if (old === undefined) {
      const event = { op: "create", urn, type: goal.type, name: goal.name } as const;
      this.#events.emit({ phase: "start", ...event });
      await this.#ledger.commit(undefined, next, undefined);
      const detail = this.#target.dryRun ? { detail: detailOf(undefined, goal.inputs, goal.parent === "" ? {} : { parent: goal.parent }) } : {};
      this.#events.emit({ phase: "done", ...event, ms: 0, ...detail });
      return next;
    }
    return this.#same(old, next);
  }

  async #registerCustom(urn: string, goal: Goal, found: Resource | undefined): Promise<Resource> {
    const type = resourceType(goal.type, urn);
    const provider = await this.#providers.of(goal);
    const wanted = goal.type.startsWith("pulumi:providers:") ? withVersion(goal) : goal.inputs;
    let old = found;
    const presence = old === undefined || old.pendingReplacement === true ? "there" : await this.#reality.presence(old, this.#operations.providerInputs({ ...old, provider }));
    if (old !== undefined && presence === "missing") {
      this.#events.diagnostic(`${goal.name} is in the state but not on the engine any more; it is made again`, urn);
      this.#ledger.forget(old);
      old = undefined;
    }
    const desired = old === undefined ? wanted : ignoreChanges(goal.ignoreChanges, withoutDefaults(old.inputs ?? {}) as Props, wanted);
    const inputs = type.check(goal.name, desired, old?.inputs);
    const next = newRecord(urn, goal, inputs, provider);
    if (old === undefined) {
      await this.#operations.create({ op: "create", next, old: undefined, diff: [], differs: {}, keepOld: false });
      return next;
    }
    const decision = await decide(type, goal, old, inputs, presence === "stopped" ? ["mustRun"] : []);
    const diff = describeChanges(decision.changed, old.inputs, inputs);
    const follows = goal.deletedWith !== "" && this.#replaced.has(goal.deletedWith);
    if (old.pendingReplacement === true || follows || this.#target.replace.has(urn) || decision.op === "replace") {
      const fresh = newRecord(urn, goal, type.check(goal.name, wanted, undefined), provider);
      await this.#replace(goal, old, fresh, diff, decision);
      return fresh;
    }
    if (decision.op === "update") {
      if (presence === "stopped") {
        old.outputs = { ...old.outputs, mustRun: false };
      }
      await this.#operations.update({ op: "update", next, old, diff, differs: { diff: decision.changed }, keepOld: false });
      return next;
    }
    return this.#same(old, { ...next, ...(old.id === undefined ? {} : { id: old.id }), outputs: old.outputs ?? {} });
  }

  async #replace(goal: Goal, old: Resource, next: Resource, diff: string[], { changed, replaces, deleteFirst }: Decision): Promise<void> {
    if (goal.protect === true && old.protect === true) {
      throw new EngineError([`${old.urn}: cannot be replaced, because it is protected (changed: ${diff.join(", ")}). Take "protect" off in the program first`]);
    }
    this.#replaced.add(old.urn);
    if (old.pendingReplacement !== true && deleteFirst) {
      for (const dependent of this.#dependentsToReplace(old).toReversed()) {
        if (!this.#target.selection.has(dependent.urn)) {
          throw new EngineError([`${dependent.urn}: would be deleted with ${nameOf(old.urn)}, and is not among what this run may change`]);
        }
        if (dependent.protect === true) {
          throw new EngineError([`${dependent.urn}: cannot be deleted with ${nameOf(old.urn)}, because it is protected`]);
        }
        await this.#operations.remove(dependent, dependent.retainOnDelete === true, true);
      }
      await this.#operations.remove(old, old.retainOnDelete === true, true);
    }
    const differs = { diff: changed, replaces, deleteFirst: old.pendingReplacement === true || deleteFirst };
    await this.#operations.create({ op: "replace", next, old, diff, differs, keepOld: old.pendingReplacement !== true });
  }

  /** What else must be deleted before `root` can be, because the new `root` would replace it anyway. */
  #dependentsToReplace(root: Resource): Resource[] {
    const going = new Set([root.urn]);
    return dependentsOf(root, [...this.#ledger.rest]).filter((resource) => {
      if (!resource.custom || resource.delete === true || resource.pendingReplacement === true || this.#goals.has(resource.urn)) {
        return false;
      }
      const follows = mustFollow(resourceType(resource.type, resource.urn), resource, going, UNKNOWN);
      if (follows) {
        going.add(resource.urn);
      }
      return follows;
    });
  }

  #same(old: Resource, next: Resource): Resource {
    const unchanged = sameRecord(old, next);
    const kept = unchanged ? old : { ...next, ...(old.created === undefined ? {} : { created: old.created }), ...(old.modified === undefined ? {} : { modified: old.modified }) };
    this.#ledger.keep(old, kept);
    this.#events.emit({ phase: "done", op: "same", urn: kept.urn, type: kept.type, name: nameOf(kept.urn) });
    return kept;
  }

  #findOld(urn: string, goal: Goal): Resource | undefined {
    const old = this.#ledger.get(urn);
    if (old !== undefined) {
      return old;
    }
    const alias = aliasUrns(goal, this.#target.stack, this.#target.project, this.#aliased).find((candidate) => this.#ledger.get(candidate) !== undefined && !this.#goals.has(candidate));
    const found = alias === undefined ? undefined : this.#ledger.get(alias);
    if (alias === undefined || found === undefined) {
      return undefined;
    }
    this.#aliased.set(urn, alias);
    this.#ledger.rename(found, urn);
    for (const resource of this.#ledger.rest) {
      renameReferences(resource, alias, urn);
      this.#ledger.changed(resource);
    }
    return found;
  }

  #inherit(goal: Goal): Goal {
    const parent = this.#goals.get(goal.parent);
    return {
      ...goal,
      protect: goal.protect ?? parent?.protect,
      retainOnDelete: goal.retainOnDelete ?? parent?.retainOnDelete,
      deletedWith: goal.deletedWith || (parent?.deletedWith ?? ""),
    };
  }
}

/** A provider's inputs with its package's version, where the CLI records it. */
function withVersion(goal: Goal): Props {
  return { ...goal.inputs, __internal: {}, ...(goal.version === "" ? {} : { version: goal.version.replace(/^v/, "") }) };
}
