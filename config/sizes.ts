import { workersOf } from "../components/app/workers.ts";
import type { AppDefinition } from "../components/index.ts";
import type { AppSettings } from "./settings.ts";

/** How many containers of a worker there are, and what each may use. */
export interface WorkerSize {
  replicas: number;
  /** For example `64MiB`. */
  memory: string;
  /** Processor cores. */
  cpus: number;
}

/**
 * The sizes of an application: what the stack file gives, or else its app.ts, or else the usual. A worker of which neither
 * says anything is as large as its application, and so is one that runs from its source, for the language's tools.
 */
export function sizesOf(app: AppSettings, definition: AppDefinition): WorkerSize & { workers: Record<string, WorkerSize> } {
  const { defaults = {}, live } = definition;
  const isLive = app.live === true;
  const memory = app.memory ?? (isLive ? live?.memory : undefined) ?? defaults.memory ?? "256MiB";
  const cpus = app.cpus ?? defaults.cpus ?? 0.5;
  const workers = Object.entries(workersOf(definition)).map(([role, worker]): [string, WorkerSize] => {
    const given = givenSize(app, role);
    return [role, { replicas: given.replicas ?? worker.replicas ?? 1, memory: given.memory ?? (isLive ? memory : (worker.memory ?? memory)), cpus: given.cpus ?? worker.cpus ?? cpus }];
  });
  return { replicas: app.replicas ?? defaults.replicas ?? 1, memory, cpus, workers: Object.fromEntries(workers) };
}

/** What the stack file says of the worker of a role. */
export function givenSize({ worker = {}, workers = {} }: AppSettings, role: string): Partial<WorkerSize> {
  return role === "worker" ? worker : (workers[role.replace(/^worker-/, "")] ?? {});
}
