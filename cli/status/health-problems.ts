import type Dockerode from "dockerode";
import { labels, partOf } from "../../docker/labels.ts";
import { labelsOf, wantedContainer } from "../drift/wanted.ts";
import { type Deployment, nameOf, realResources } from "../deploy/stack-state.ts";
import { types } from "../../pulumi/resource-types.ts";
import { age } from "../table.ts";
import { lackOf, replicasOf, type Tasks } from "./service-tasks.ts";

export interface ContainerStatus {
  part: string;
  role: string;
  app?: string;
  container: string;
  image: string;
  /** As Docker has it, or `missing`: the state has it, and the Docker host has not. */
  state: string;
  /** healthy, unhealthy or starting; undefined without a health check. */
  health?: string;
  exitCode?: number;
  restarts: number;
  /** Since the last start, in seconds. */
  uptime?: number;
  /** Bytes in use without the page cache, as `docker stats` counts them. */
  memory?: number;
}

/** How long something that was started again must have run before it counts as well, in seconds: Docker waits up to a minute between two starts. */
const settled = 60;

/** A job that ended well, or a container that exists only to fill a volume. */
export function isDone({ role, state, exitCode }: ContainerStatus): boolean {
  return (role === "files" && state === "created") || (role === "job" && state === "exited" && exitCode === 0);
}

/** What is wrong with a container; undefined where it is well. One that keeps ending runs most of the time, and is not. Pure. */
export function problemOf(container: ContainerStatus): string | undefined {
  const { state, health, exitCode, restarts, uptime = settled } = container;
  if (isDone(container)) return undefined;
  if (state === "missing") return "is gone, though the state has it";
  if (state === "restarting") return `keeps ending: it was started again ${restarts} times`;
  if (state !== "running") return exitCode === undefined ? `is ${state}` : `is ${state}, with code ${exitCode}`;
  if (health === "unhealthy") return "is unhealthy";
  return restarts > 0 && uptime < settled ? `ended and was started again, ${restarts} times until now, the last ${age(uptime)} ago` : undefined;
}

/** Containers that the state says run all the time, and of which the Docker host has nothing. Pure. */
export function missingOf(state: Deployment, found: readonly Pick<Dockerode.ContainerInfo, "Id">[]): ContainerStatus[] {
  const ids = new Set(found.map(({ Id }) => Id));
  return realResources(state).flatMap((resource) => {
    if (resource.type !== types.container || ids.has(resource.id ?? "")) return [];
    const { lasting, name, image } = wantedContainer(resource);
    const Labels = labelsOf({ ...resource, outputs: {} });
    const app = Labels[labels.app];
    return lasting ? [{ part: partOf({ Labels }), role: Labels[labels.role] ?? "", ...(app !== undefined && { app }), container: name || nameOf(resource.urn), image, state: "missing", restarts: 0 }] : [];
  });
}

/** What is wrong with the services of a swarm, on all of its nodes. Pure. */
export function lacksOf(state: Deployment, tasks: Tasks): string[] {
  return realResources(state).flatMap((resource) => {
    if (resource.type !== types.service) return [];
    const replicas = replicasOf(resource, tasks);
    const lack = lackOf(replicas);
    return lack === undefined ? [] : [`${replicas.name}: ${lack}`];
  });
}
