import { isCut } from "../docker/errors.ts";
import { detailOf, EngineError, type EventLog, type Op, type StepDetail } from "./events.ts";
import { knownOf } from "./decision.ts";
import type { Ledger } from "./ledger.ts";
import type { Context, Made } from "./provider.ts";
import { resourceType } from "./providers.ts";
import { recordedOutputs } from "./record.ts";
import type { Resource } from "../pulumi/state.ts";
import { nameOf, splitReference } from "../pulumi/urn.ts";
import { plainProps, UNKNOWN, withoutDefaults, type Props } from "../pulumi/values.ts";

/** What one create or update needs to know beside the resource itself. */
export interface Change {
  op: Op;
  next: Resource;
  old: Resource | undefined;
  diff: string[];
  /** What a preview tells beside the inputs. */
  differs: Partial<StepDetail>;
  /** The old one stays, marked for deletion at the end. */
  keepOld: boolean;
}

/** One step as its events tell it. */
interface Step extends Pick<Change, "op" | "old" | "diff" | "differs"> {
  resource: Resource;
}

/** Carries out single steps: the pending record, the provider, the state, the events. In a dry run nothing is touched. */
export class Operations {
  readonly #ledger: Ledger;
  readonly #events: EventLog;
  readonly #dryRun: boolean;
  readonly #signal: AbortSignal;

  constructor(ledger: Ledger, events: EventLog, dryRun: boolean, signal: AbortSignal) {
    this.#ledger = ledger;
    this.#events = events;
    this.#dryRun = dryRun;
    this.#signal = signal;
  }

  /** Makes `next`. A resource that exists but is not ready is recorded with its problem before this throws. */
  async create(change: Change): Promise<void> {
    const { next, old, keepOld } = change;
    await this.#step({ op: change.op, resource: next, old, diff: change.diff, differs: change.differs }, async () => {
      if (this.#dryRun) {
        next.outputs = withoutDefaults(next.inputs ?? {}) as Props;
        await this.#ledger.commit(undefined, next, old, keepOld);
        return;
      }
      next.created = new Date().toISOString();
      next.modified = next.created;
      const operation = next.custom ? await this.#ledger.begin("creating", next) : undefined;
      const made = await this.#attempt(next, (context) => resourceType(next.type, next.urn).create(context, plainProps(next.inputs ?? {})), operation);
      finish(next, made);
      await this.#ledger.commit(operation, next, old, keepOld);
      if (made.problem !== undefined) {
        throw new Error(made.problem);
      }
    });
  }

  async update(change: Change): Promise<void> {
    const { next, old } = change;
    if (old === undefined) {
      throw new Error(`${next.urn}: there is nothing to update`);
    }
    await this.#step({ op: "update", resource: next, old, diff: change.diff, differs: change.differs }, async () => {
      const type = resourceType(next.type, next.urn);
      next.id = old.id ?? "";
      if (this.#dryRun) {
        const known = { ...old.outputs, ...(withoutDefaults(next.inputs ?? {}) as Props) };
        next.outputs = { ...known, ...Object.fromEntries((type.changedByUpdate ?? []).map((key) => [key, UNKNOWN])) };
        await this.#ledger.commit(undefined, next, old);
        return;
      }
      next.created = old.created ?? new Date().toISOString();
      next.modified = new Date().toISOString();
      const operation = await this.#ledger.begin("updating", next);
      const made = await this.#attempt(next, (context) => type.update(context, knownOf(old), plainProps(next.inputs ?? {})), operation);
      finish(next, made);
      await this.#ledger.commit(operation, next, old);
      if (made.problem !== undefined) {
        throw new Error(made.problem);
      }
    });
  }

  /** Deletes the real thing (unless it is to be `retained`) and its record; with `returning`, the record waits for a replacement. */
  async remove(resource: Resource, retained: boolean, returning: boolean): Promise<void> {
    const replacing = returning || resource.delete === true;
    await this.#step({ op: "delete", resource, old: resource, diff: replacing ? ["replaced"] : [], differs: {} }, async () => {
      if (this.#dryRun || retained || !resource.custom) {
        await this.#ledger.removed(undefined, resource, returning);
        return;
      }
      const operation = await this.#ledger.begin("deleting", resource);
      await this.#attempt(resource, (context) => resourceType(resource.type, resource.urn).delete(context, knownOf(resource)), operation);
      await this.#ledger.removed(operation, resource, returning);
    }, !replacing);
  }

  /** What a provider may use for a resource. */
  context(resource: Resource): Context {
    return {
      urn: resource.urn,
      name: nameOf(resource.urn),
      provider: this.providerInputs(resource),
      signal: this.#signal,
      note: (message) => this.#events.diagnostic(message, resource.urn),
      limit: resource.customTimeouts?.["create"],
    };
  }

  /** The plain inputs of the provider that a resource refers to. */
  providerInputs(resource: Resource): Props {
    const provider = resource.provider === undefined ? undefined : this.#ledger.get(splitReference(resource.provider).urn);
    return plainProps(provider?.inputs ?? {});
  }

  async #attempt<T>(resource: Resource, job: (context: Context) => Promise<T>, operation: Parameters<Ledger["abandon"]>[0] | undefined): Promise<T> {
    try {
      return await job(this.context(resource));
    } catch (error) {
      // What a connection broke over may exist: its record stays, and the next run looks for it by its name.
      if (operation !== undefined && !isCut(error)) {
        await this.#ledger.abandon(operation);
      }
      throw error;
    }
  }

  async #step({ op, resource, old, diff, differs }: Step, job: () => Promise<void>, counted = true): Promise<void> {
    const event = { op, urn: resource.urn, type: resource.type, name: nameOf(resource.urn), ...(diff.length > 0 ? { diff } : {}) };
    const began = performance.now();
    this.#events.emit({ phase: "start", ...event });
    try {
      await job();
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      this.#events.emit({ phase: "failed", ...event, ms: Math.round(performance.now() - began), message });
      throw new EngineError([`${nameOf(resource.urn)} (${resource.type}): ${message}`]);
    }
    const detail = this.#dryRun ? { detail: detailOf(old?.inputs, op === "delete" ? undefined : resource.inputs, withParent(resource, differs)) } : {};
    this.#events.emit({ phase: "done", ...event, ms: Math.round(performance.now() - began), ...detail }, counted);
  }
}

function withParent({ parent }: Resource, differs: Partial<StepDetail>): Partial<StepDetail> {
  return parent === undefined ? differs : { ...differs, parent };
}

function finish(next: Resource, made: Made): void {
  next.id = made.id;
  next.outputs = recordedOutputs(resourceType(next.type, next.urn), made.outputs, next);
  if (made.problem !== undefined) {
    next.initErrors = [made.problem];
  }
}
