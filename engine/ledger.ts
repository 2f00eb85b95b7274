import type { PendingOperation, Resource, StateFile } from "../pulumi/state.ts";

/**
 * The state during a run: what the run has dealt with, in that order, then what is left of the last run. Every change
 * that matters is on disk before the run goes on.
 */
export class Ledger {
  readonly done: Resource[] = [];
  readonly rest: Set<Resource>;
  readonly #file: StateFile;
  readonly #current = new Map<string, Resource>();
  #dirty = false;

  constructor(file: StateFile) {
    this.#file = file;
    this.rest = new Set(file.resources);
    for (const resource of file.resources) {
      if (resource.delete !== true) {
        this.#current.set(resource.urn, resource);
      }
    }
  }

  /** The live resource of this URN, from this run or the last one. */
  get(urn: string): Resource | undefined {
    return this.#current.get(urn);
  }

  all(): Resource[] {
    return [...this.done, ...this.rest];
  }

  /** Records what is about to be done, on disk, so that an interrupted run can be cleaned up after. */
  async begin(type: PendingOperation["type"], resource: Resource): Promise<PendingOperation> {
    const operation: PendingOperation = { type, resource };
    this.#file.pending.push(operation);
    await this.#save();
    return operation;
  }

  /** Takes back an operation that changed nothing. */
  async abandon(operation: PendingOperation): Promise<void> {
    this.#end(operation);
    await this.#save();
  }

  /** Puts `next` in place of `old`. With `keepOld`, the old one stays, to be deleted at the end. */
  async commit(operation: PendingOperation | undefined, next: Resource, old: Resource | undefined, keepOld = false): Promise<void> {
    this.#end(operation);
    if (old !== undefined && keepOld) {
      old.delete = true;
      this.#file.touch(old);
    } else if (old !== undefined) {
      this.rest.delete(old);
    }
    this.#file.touch(next);
    this.done.push(next);
    this.#current.set(next.urn, next);
    await this.#save();
  }

  /** `next` says the same as `old`, or differs in bookkeeping only: nothing is written now. */
  keep(old: Resource, next: Resource): void {
    this.rest.delete(old);
    this.done.push(next);
    this.#current.set(next.urn, next);
    this.#dirty ||= next !== old;
  }

  /** Marks a resource as changed in place; written with the next change or at the end. */
  changed(resource: Resource): void {
    this.#file.touch(resource);
    this.#dirty = true;
  }

  /** A resource is gone. With `returning`, its record stays until its replacement is made. */
  async removed(operation: PendingOperation | undefined, resource: Resource, returning = false): Promise<void> {
    this.#end(operation);
    if (returning) {
      resource.pendingReplacement = true;
      this.#file.touch(resource);
    } else {
      this.forget(resource);
    }
    await this.#save();
  }

  /** A resource was found under a former URN. */
  rename(resource: Resource, urn: string): void {
    this.#current.delete(resource.urn);
    resource.urn = urn;
    this.#current.set(urn, resource);
    this.changed(resource);
  }

  /** Drops a record without writing now. */
  forget(resource: Resource): void {
    this.rest.delete(resource);
    if (this.#current.get(resource.urn) === resource) {
      this.#current.delete(resource.urn);
    }
    this.#dirty = true;
  }

  /** Writes what was not written yet. */
  async flush(): Promise<void> {
    if (this.#dirty) {
      await this.#save();
    }
  }

  #end(operation: PendingOperation | undefined): void {
    this.#file.pending = this.#file.pending.filter((pending) => pending !== operation);
  }

  async #save(): Promise<void> {
    this.#dirty = false;
    this.#file.resources = this.all();
    await this.#file.save();
  }
}
