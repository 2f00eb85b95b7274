import type Dockerode from "dockerode";
import { nameOf, type StateResource } from "../deploy/stack-state.ts";
import { messageOf } from "../exit.ts";
import { types } from "../../pulumi/resource-types.ts";

/** A replica of a service, as the Docker API's `GET /tasks` tells it. */
export interface Task {
  DesiredState: string;
  Status: { State: string; Timestamp: string; Err?: string };
}

/** Tasks by the service's id; a text where the host can't tell them: why. */
export type Tasks = ReadonlyMap<string, readonly Task[] | string>;

export interface Replicas {
  name: string;
  wanted: number;
  /** Of those that are to run; Swarm calls a task running once it is healthy. Undefined where the host can't tell. */
  running: number | undefined;
  /** Start of the newest of them, in milliseconds since 1970. */
  newest: number;
  /** Why the host can't tell, or what the last failed task says; empty where there is nothing to say. */
  why: string;
}

/** The tasks of each service of a state, on all nodes: a manager is asked. */
export async function tasksOf(docker: Dockerode, resources: readonly StateResource[]): Promise<Tasks> {
  const ids = resources.filter(({ type }) => type === types.service).map(({ id = "" }) => id);
  const asked = ids.map(async (id): Promise<[string, readonly Task[] | string]> => {
    try {
      return [id, (await docker.listTasks({ filters: JSON.stringify({ service: [id] }) })) as Task[]];
    } catch (error) {
      return [id, messageOf(error)];
    }
  });
  return new Map(await Promise.all(asked));
}

/** How many replicas of a service run. Pure. */
export function replicasOf({ id = "", urn, inputs = {} }: StateResource, tasks: Tasks): Replicas {
  const mode = inputs["mode"] as { replicated?: { replicas?: number } } | undefined;
  const base = { name: typeof inputs["name"] === "string" ? inputs["name"] : nameOf(urn), wanted: mode?.replicated?.replicas ?? 1 };
  const known = tasks.get(id) ?? "it was not asked";
  if (typeof known === "string") return { ...base, running: undefined, newest: 0, why: known };
  const running = known.filter(({ DesiredState, Status }) => DesiredState === "running" && Status.State === "running");
  const failed = known.filter(({ Status }) => Status.Err !== undefined && Status.Err !== "").toSorted((a, b) => b.Status.Timestamp.localeCompare(a.Status.Timestamp));
  return { ...base, running: running.length, newest: Math.max(0, ...running.map(({ Status }) => Date.parse(Status.Timestamp))), why: failed[0]?.Status.Err ?? "" };
}

/** `0 of 2 replicas run: task: non-zero exit (1)`; undefined where enough of them do. */
export function lackOf({ wanted, running, why }: Replicas): string | undefined {
  if (running === undefined) return `how many replicas run is not known: ${why}`;
  return running >= wanted ? undefined : `${running} of ${wanted} replicas run${why === "" ? "" : `: ${why}`}`;
}
