import { describeChanges, knownOf } from "./decision.ts";
import type { EventLog } from "./events.ts";
import type { Ledger } from "./ledger.ts";
import type { Operations } from "./operations.ts";
import { resourceType } from "./providers.ts";
import type { Resource } from "./state.ts";
import { nameOf } from "./urn.ts";
import { equal, markSecrets, withoutDefaults, type Props } from "./values.ts";

/** Makes the state say what is really there, and reports each difference. What is gone leaves the state. */
export async function refreshAll({ ledger, operations, events }: { ledger: Ledger; operations: Operations; events: EventLog }): Promise<void> {
  const resources = ledger.all().filter((resource) => resource.custom && resource.delete !== true && resource.pendingReplacement !== true);
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
  const outputs = markSecrets(withoutDefaults(found.outputs) as Props, resource.inputs ?? {}, [...type.secretOutputs, ...(resource.additionalSecretOutputs ?? [])]);
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
