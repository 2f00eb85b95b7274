import type { EventLog } from "./events.ts";
import type { Ledger } from "./ledger.ts";
import type { Operations } from "./operations.ts";
import { metaOf, resourceType } from "./providers.ts";
import type { StateFile } from "../pulumi/state.ts";
import { plainProps } from "../pulumi/values.ts";

/** Gives records that an older version of this engine wrote the schema version that it left out. */
export function completeRecords(ledger: Ledger): void {
  for (const resource of ledger.all()) {
    const meta = metaOf(resource.type);
    if (meta !== undefined && resource.outputs !== undefined && resource.outputs["__meta"] === undefined) {
      resource.outputs = { ...resource.outputs, __meta: meta };
      ledger.changed(resource);
    }
  }
}

const CLOCK_SLACK_MS = 2000;

/**
 * Cleans up after a run that was killed: what it was making and had not recorded yet is removed, so that it is made
 * once only. Interrupted updates and deletions are simply due again.
 */
export async function recover(file: StateFile, ledger: Ledger, operations: Operations, events: EventLog): Promise<void> {
  if (file.pending.length === 0) {
    return;
  }
  events.diagnostic(`the last run was interrupted during ${file.pending.length} operation(s); cleaning up after it`);
  for (const operation of file.pending) {
    const { resource, type } = operation;
    if (type === "creating") {
      const since = new Date(Date.parse(resource.created ?? "") - CLOCK_SLACK_MS);
      await resourceType(resource.type, resource.urn).sweep?.(operations.context(resource), plainProps(resource.inputs ?? {}), since);
    }
    await ledger.abandon(operation);
  }
}
