import type Dockerode from "dockerode";
import { type Deployment, realResources } from "./deployer.ts";
import { stackContainers } from "./docker.ts";
import { OpsError } from "./exit.ts";
import { types } from "./resource-types.ts";

/** Containers with the stack's label where the state has nothing of it: another state has. */
export async function strangers(docker: Dockerode, stack: string, state: Deployment): Promise<Dockerode.ContainerInfo[]> {
  return isEmpty(state) ? stackContainers(docker, stack) : [];
}

/** Neither something that exists, nor something that an update had begun. */
export function isEmpty(state: Deployment): boolean {
  return realResources(state).length === 0 && (state.pending_operations ?? []).length === 0;
}

/** Whether it runs anything: the volumes that `down` leaves do not. */
export function isUp(state: Deployment): boolean {
  return realResources(state).some(({ type }) => type === types.container || type === types.service);
}

/** Two checkouts, or two engines, that apply one stack to one Docker Engine would make everything twice. */
export async function requireOwnership(docker: Dockerode, stack: string, state: Deployment): Promise<void> {
  const containers = await strangers(docker, stack, state);
  if (containers.length === 0) return;
  throw new OpsError(
    [
      `stack "${stack}" is already on this Docker Engine (${containers.length} containers), but not in this state: another checkout, engine or backend made it.`,
      "Take it down there with ./berth down, or remove its containers and networks here; volumes with data stay:",
      `  docker ps -aq --filter label=berth.stack=${stack} | xargs -r docker rm -f`,
      `  docker network ls -q --filter label=berth.stack=${stack} | xargs -r docker network rm`,
    ].join("\n"),
  );
}

/**
 * Who looks in the wrong place finds nothing, and nothing looks like nothing wrong.
 *
 * @param place Where the state is, for people, for example `Pulumi CLI v3.260.0, state in s3://acme-state (pulumi login)`.
 */
export async function requireState(docker: Dockerode, stack: string, state: Deployment, place: string): Promise<void> {
  const containers = await strangers(docker, stack, state);
  if (containers.length === 0) return;
  throw new OpsError(
    [
      `stack "${stack}" is on its Docker host (${containers.length} containers), but the state that was looked in has nothing of it: ${place}.`,
      "Name the one that made it by PULUMI_BACKEND_URL; in a workflow, a secret that is not set is an empty variable, which names none.",
      "A stack of the embedded engine has its state in the checkout that made it: docs/backends.md",
    ].join("\n"),
  );
}
