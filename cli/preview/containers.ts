import { type Deployment, realResources } from "../deploy/stack-state.ts";
import { types } from "../../pulumi/resource-types.ts";
import type { Step } from "./tree.ts";
import { labels } from "../../components/docker/labels.ts";

/**
 * What becomes of a container: `replaced` with the new one beside the old, `restarted` with the old one stopped first,
 * `started` where there was none, `stopped` for good, `changed` while it runs on.
 */
export type Fate = "replaced" | "restarted" | "started" | "stopped" | "changed";

export interface ContainerChange {
  name: string;
  kind: "container" | "service";
  /** `web`, `worker`, `schedule-…`, `job`, or the platform's part. */
  role: string;
  fate: Fate;
  /** What differs, in words: `image`, `environment`, `memory` … */
  because: string[];
}

/** The value of a label among a container's or a volume's inputs. */
export function labelOf(inputs: Record<string, unknown> | undefined, label: string): string | undefined {
  const labels = Array.isArray(inputs?.["labels"]) ? (inputs["labels"] as { label?: unknown; value?: unknown }[]) : [];
  const found = labels.find((entry) => entry.label === label)?.value;
  return typeof found === "string" ? found : undefined;
}

/** Whether a container stays: neither a job nor one that is made only to fill a volume. */
export function stays(inputs: Record<string, unknown>): boolean {
  return inputs["attach"] !== true && inputs["start"] !== false;
}

/** A container, or a service of a swarm, which stands for several. */
export function isWorkload({ type }: { type: string }): boolean {
  return type === types.container || type === types.service;
}

export function containerChange({ op, type, name, detail }: Step): ContainerChange {
  const { before, after, diff, deleteFirst } = detail;
  // Swarm replaces the replicas of a service one by one, each new one healthy before its predecessor stops.
  const updated = type === types.service ? "replaced" : "changed";
  const fates = { create: "started", delete: "stopped", update: updated, replace: deleteFirst === true ? "restarted" : "replaced" } as const;
  return { name, kind: type === types.service ? "service" : "container", role: labelOf(after ?? before, labels.role) ?? "?", fate: fates[op], because: [...new Set(diff.map(wordOf))] };
}

const words: Record<string, string> = {
  envs: "environment",
  mounts: "files",
  networksAdvanced: "networks",
  healthcheck: "health check",
  entrypoints: "command",
  memorySwap: "memory",
  logDriver: "logs",
  logOpts: "logs",
  "#initerror": "the last start failed",
  mustRun: "it does not run",
  taskSpec: "what its replicas run",
  mode: "replicas",
};

/** `envs[2]` is `environment`. */
function wordOf(path: string): string {
  const key = path.split(/[.[]/)[0] ?? path;
  return words[key] ?? key;
}

/** Inputs of all containers that stay, by URN, before the update and after it. */
export function runningContainers(state: Deployment, steps: readonly Step[]): { before: Map<string, Record<string, unknown>>; after: Map<string, Record<string, unknown>> } {
  const existing = realResources(state).filter(({ type, inputs = {} }) => type === types.container && stays(inputs));
  const before = new Map(existing.map(({ urn, inputs = {} }) => [urn, inputs]));
  const after = new Map(before);
  for (const { urn, type, op, detail } of steps) {
    if (type !== types.container) continue;
    if (op === "delete") after.delete(urn);
    else if (detail.after !== undefined && stays(detail.after)) after.set(urn, detail.after);
  }
  return { before, after };
}

/** `NAME=value` of a container as a record. */
export function environmentOf(inputs: Record<string, unknown> | undefined): Record<string, string> {
  const list = Array.isArray(inputs?.["envs"]) ? inputs["envs"].filter((entry) => typeof entry === "string") : [];
  return Object.fromEntries(list.map((entry) => [entry.split("=", 1)[0] ?? "", entry.slice(entry.indexOf("=") + 1)]));
}
