import type { Effect } from "./effects.ts";
import type { Preview } from "./model.ts";
import { unmarked } from "./said.ts";

/** The preview for machines: the model as it is, sentences as text, and each step with what differs. */
export function renderJson({ steps, parts, requests, data, ...preview }: Preview): Record<string, unknown> {
  return {
    ...preview,
    requests: effect(requests),
    data: effect(data),
    parts: parts.map((part) => ({ ...part, requests: effect(part.requests), data: effect(part.data) })),
    resources: steps.map(({ op, type, name, urn, detail }) => ({ op, type, name, urn, diff: detail.diff, replaces: detail.replaces, ...(detail.deleteFirst === true && { deleteFirst: true }) })),
  };
}

function effect({ happens, reasons }: Effect): { happens: boolean; reasons: string[] } {
  return { happens, reasons: reasons.map(unmarked) };
}
