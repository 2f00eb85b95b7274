import type * as pulumi from "@pulumi/pulumi";
import type { AppDefinition } from "./definition.ts";
import type { MonitoringArgs } from "../monitoring/monitoring.ts";

/** What {@link Monitoring} reads of the applications: their metrics, and those of their schedules, on their own networks. */
export function appMetrics(
  apps: { name: string; definition: AppDefinition }[],
  networkOf: (name: string) => pulumi.Input<string>,
): Required<Pick<MonitoringArgs, "applications" | "schedulers">> {
  return {
    applications: apps.flatMap(({ name, definition: { metrics } }) => (metrics === undefined ? [] : { ...metrics, name, network: networkOf(name) })),
    schedulers: apps.flatMap(({ name, definition: { schedules = {} } }) => {
      const tasks = Object.entries(schedules).map(([task, { alertAfter }]) => ({ name: task, alertAfter }));
      return tasks.length === 0 ? [] : { name, tasks, network: networkOf(name) };
    }),
  };
}
