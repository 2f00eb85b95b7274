import { describeChanges, knownOf } from "./decision.ts";
import type { EventLog } from "./events.ts";
import type { Ledger } from "./ledger.ts";
import type { Operations } from "./operations.ts";
import { resourceType } from "./providers.ts";
import { recordedOutputs } from "./record.ts";
import type { Resource } from "../pulumi/state.ts";
import { nameOf } from "../pulumi/urn.ts";
import { equal } from "../pulumi/values.ts";

interface Refreshing {
  /** `only` has URNs. */
  options: { only?: string[] | undefined };
  ledger: Ledger;
  operations: Operations;
  events: EventLog;
}

/**
 * Makes the state say what is really there, and reports each difference. What is gone leaves the state. Over a state
 * file that is read only, it reports and nothing else.
 */
export async function refreshAll({ options, ledger, operations, events }: Refreshing): Promise<void> {
  const only = options.only === undefined ? undefined : new Set(options.only);
  const resources = ledger.all().filter(({ urn, custom, delete: going, pendingReplacement: returning }) => custom && going !== true && returning !== true && only?.has(urn) !== false);
  await Promise.all(resources.map((resource) => refreshOne(resource, ledger, operations, events)));
  await ledger.flush();
}

async function refreshOne(resource: Resource, ledger: Ledger, operations: Operations, events: EventLog): Promise<void> {
  const event = { urn: resource.urn, type: resource.type, name: nameOf(resource.urn) };
  const known = knownOf(resource);
  const type = resourceType(resource.type, resource.urn);
  const found = await type.read(operations.context(resource), known);
  if (found === undefined) {
    ledger.forget(resource);
    events.emit({ phase: "done", op: "delete", ...event, message: "is not there any more", diff: ["missing"] });
    return;
  }
  const changed = Object.keys(found.inputs).filter((key) => !equal(found.inputs[key], known.inputs[key]));
  const outputs = recordedOutputs(type, found.outputs, resource);
  if (changed.length === 0) {
    if (!equal(outputs, resource.outputs ?? {})) {
      resource.outputs = outputs;
      ledger.changed(resource);
    }
    events.emit({ phase: "done", op: "same", ...event });
    return;
  }
  const diff = describeChanges(changed, resource.inputs, found.inputs);
  resource.inputs = { ...resource.inputs, ...Object.fromEntries(changed.map((key) => [key, found.inputs[key] ?? null])) };
  resource.outputs = outputs;
  ledger.changed(resource);
  events.emit({ phase: "done", op: "refresh", ...event, diff });
}
