import type * as pulumi from "@pulumi/pulumi";
import { inSwarm } from "./command.ts";
import type { AppDefinition } from "./definition.ts";
import type { Platform } from "../docker/platform.ts";
import type { MonitoringArgs } from "../monitoring/monitoring.ts";
import { workersOf } from "./workers.ts";

/** What {@link appMetrics} reads of an application. */
export interface Watchable {
  name: string;
  definition: AppDefinition;
  /** Containers of its web server. */
  replicas: number;
  /** Containers of each worker, by its role. @default one */
  workers?: Record<string, { replicas: number }>;
  /** Runs from the mounted source. @default false */
  live?: boolean;
}

/**
 * What {@link Monitoring} reads of the applications, on their own networks: their metrics, those of their schedules, whether
 * their workers work, and in a swarm how many of their replicas are well.
 */
export function appMetrics(
  apps: Watchable[],
  platform: Pick<Platform, "runtime">,
  networkOf: (name: string) => pulumi.Input<string>,
): Required<Pick<MonitoringArgs, "applications" | "schedulers" | "workers" | "services">> {
  const on = <Watched extends object>(name: string, watched: Watched) => ({ ...watched, name, network: networkOf(name) });
  return {
    applications: apps.flatMap(({ name, definition: { metrics } }) => (metrics === undefined ? [] : on(name, metrics))),
    schedulers: apps.flatMap(({ name, definition: { schedules = {} } }) => {
      const tasks = Object.entries(schedules).map(([task, { alertAfter }]) => ({ name: task, alertAfter }));
      return tasks.length === 0 ? [] : on(name, { tasks });
    }),
    workers: apps.flatMap(({ name, definition, live }) => {
      const roles = Object.keys(workersOf(definition));
      return roles.length === 0 || inSwarm(platform, definition, live) ? [] : on(name, { roles });
    }),
    services: apps.flatMap(({ name, definition, live, replicas, workers = {} }) => {
      if (!inSwarm(platform, definition, live)) return [];
      const web = definition.web === undefined ? [] : [{ role: "web", replicas }];
      const others = Object.keys(workersOf(definition)).map((role) => ({ role, replicas: workers[role]?.replicas ?? 1 }));
      return [...web, ...others].map((service) => on(name, service));
    }),
  };
}
