import type { AppDefinition, Worker } from "./definition.ts";

/** How many containers of a kind there are, and what each may use: memory in MiB, processors in cores. */
export interface Size {
  replicas: number;
  memory: number;
  cpus: number;
}

/**
 * The workers of an application by their role, which is in their containers' names and labels: `worker` is that of
 * `worker`, `worker-mail` is `workers.mail`.
 */
export function workersOf({ worker, workers = {} }: Pick<AppDefinition, "worker" | "workers">): Record<string, Worker> {
  const named = Object.entries(workers).map(([name, each]): [string, Worker] => [`worker-${name}`, each]);
  return Object.fromEntries([...(worker === undefined ? [] : [["worker", worker] as const]), ...named]);
}

/** Where app.ts has the worker of a role, and the stack file what differs of it: `worker`, `workers.mail`. */
export function workerField(role: string): string {
  return role.replace(/^worker-/, "workers.");
}
