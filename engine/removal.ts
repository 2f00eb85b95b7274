import { EngineError } from "./events.ts";
import { deletionWaves } from "./graph.ts";
import type { Operations } from "./operations.ts";
import type { Resource } from "../pulumi/state.ts";

/** How protection and retention are treated. */
export interface RemovalOptions {
  /** Delete protected resources too. */
  protectedToo: boolean;
  /** Really delete what is to be retained on delete. */
  retainedToo: boolean;
  /** URNs of protected resources that may go from the state all the same, where they are retained. @default none */
  letGo?: ReadonlySet<string>;
  /** Aborted: what has begun is finished, and nothing else is deleted. */
  signal: AbortSignal;
}

/**
 * Deletes resources, dependents first, each wave in parallel. Throws before anything is deleted when one is protected,
 * and after a wave in which a deletion failed or the run was cancelled.
 */
export async function removeAll(resources: readonly Resource[], operations: Operations, options: RemovalOptions): Promise<void> {
  const mayGo = ({ urn, retainOnDelete }: Resource) => retainOnDelete === true && options.letGo?.has(urn) === true;
  const kept = resources.filter((resource) => resource.protect === true && !mayGo(resource) && resource.delete !== true && resource.pendingReplacement !== true);
  if (kept.length > 0 && !options.protectedToo) {
    throw new EngineError(kept.map((resource) => `${resource.urn}: cannot be deleted, because it is protected. Take "protect" off first, or leave it in the program`));
  }
  const going = new Set(resources.map((resource) => resource.urn));
  for (const wave of deletionWaves(resources)) {
    if (options.signal.aborted) throw new EngineError(["the run was cancelled"]);
    const results = await Promise.allSettled(
      wave.map((resource) => {
        const along = resource.deletedWith !== undefined && going.has(resource.deletedWith);
        const retained = resource.retainOnDelete === true && !options.retainedToo;
        return operations.remove(resource, retained || along || resource.pendingReplacement === true, false);
      }),
    );
    const errors = results.filter((result) => result.status === "rejected").map((result) => String(result.reason instanceof Error ? result.reason.message : result.reason));
    if (errors.length > 0) {
      throw new EngineError(errors);
    }
  }
}
