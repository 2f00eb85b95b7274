import type Dockerode from "dockerode";
import { type Deployment, realResources } from "./stack-state.ts";
import { labels, stackContainers } from "../../docker/labels.ts";
import { nameOnHost } from "../drift/wanted.ts";
import { OpsError, refusedError } from "../exit.ts";
import { types } from "../../pulumi/resource-types.ts";

/**
 * Containers with the stack's label that another state has: this one knows none of those that are there. One that knows
 * some is the stack's own, and what it does not know was left by an update that was killed. Those of `berth run` and of a
 * restore are in no state.
 */
export async function strangers(docker: Dockerode, stack: string, state: Deployment): Promise<Dockerode.ContainerInfo[]> {
  const containers = await stackContainers(docker, stack);
  const begun = new Set((state.pending_operations ?? []).map(({ resource }) => nameOnHost(resource)));
  const ids = new Set(realResources(state).map(({ id }) => id));
  const isKnown = ({ Id, Names, Labels }: Dockerode.ContainerInfo) => ids.has(Id) || ids.has(Labels[serviceLabel]) || begun.has(Names[0]?.slice(1) ?? "");
  const lasting = containers.filter(({ Labels }) => Labels[labels.role] !== "run");
  return lasting.some(isKnown) ? [] : lasting;
}

/** By which Docker Swarm says whose a container is. */
const serviceLabel = "com.docker.swarm.service.id";

/** Neither something that exists, nor something that an update had begun. */
export function isEmpty(state: Deployment): boolean {
  return realResources(state).length === 0 && (state.pending_operations ?? []).length === 0;
}

/** Whether it runs anything: the volumes that `down` leaves do not. */
export function isUp(state: Deployment): boolean {
  return realResources(state).some(({ type }) => type === types.container || type === types.service);
}

/** Two checkouts, or two engines, that apply one stack to one Docker Engine would make everything twice, and each would remove what the other runs. @throws OpsError (6) */
export async function requireOwnership(docker: Dockerode, stack: string, state: Deployment): Promise<void> {
  const containers = await strangers(docker, stack, state);
  if (containers.length === 0) return;
  throw refusedError(
    [
      `stack "${stack}" is already on this Docker Engine (${containers.length} containers), but none of them is in this state: another checkout, engine or backend made it.`,
      "Take it down there with ./berth down, or remove its containers and networks here; volumes with data stay:",
      `  docker ps -aq --filter label=berth.stack=${stack} | xargs -r docker rm -f`,
      `  docker network ls -q --filter label=berth.stack=${stack} | xargs -r docker network rm`,
    ].join("\n"),
  );
}

/** Data of a stack that this state knows nothing of is another's. @throws OpsError (6) */
export function requireVolumes(stack: string, state: Deployment, data: readonly string[]): void {
  if (data.length === 0 || !isEmpty(state)) return;
  throw refusedError(
    [
      `stack "${stack}" has volumes with data on this Docker Engine, but nothing in this state: another checkout, engine or backend made them, or an earlier down --volumes was interrupted. Nothing was changed.`,
      `Remove them there with ./berth down --volumes -s ${stack}, or here, for ever: docker volume rm ${data.join(" ")}`,
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
