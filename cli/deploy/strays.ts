import type Dockerode from "dockerode";
import { labels } from "../../docker/labels.ts";
import { nameOnHost } from "../drift/wanted.ts";
import type { Deployment } from "./stack-state.ts";
import { types } from "../../pulumi/resource-types.ts";

/** What carries a stack's label on its host and is not in its state. */
export interface Strays {
  containers: Stray[];
  networks: Stray[];
  services: Stray[];
}

interface Stray {
  id: string;
  name: string;
}

/** Whether a state lacks something on a host. It knows a Swarm service, and Swarm the service's containers. */
export function unknownTo(state: Deployment): (id: string, labels?: Record<string, string> | null) => boolean {
  const known = new Set((state.resources ?? []).flatMap(({ id }) => id ?? []));
  return (id, has) => !known.has(id) && !known.has(has?.["com.docker.swarm.service.id"] ?? "");
}

/** Volumes are never among them: creating one that exists gives the same one, and they may hold data. */
export async function findStrays(docker: Dockerode, stack: string, state: Deployment): Promise<Strays> {
  const filters = { label: [`${labels.stack}=${stack}`] };
  const [containers, networks, services] = await Promise.all([
    docker.listContainers({ all: true, filters }),
    docker.listNetworks({ filters }),
    docker.listServices({ filters }).catch(noSwarm),
  ]);
  const isUnknown = unknownTo(state);
  return {
    containers: containers.filter(({ Id, Labels }) => isUnknown(Id, Labels)).map(({ Id, Names }) => ({ id: Id, name: Names[0]?.slice(1) ?? Id })),
    networks: networks.filter(({ Id }) => isUnknown(Id)).map(({ Id, Name }) => ({ id: Id, name: Name })),
    services: services.filter(({ ID }) => isUnknown(ID)).map(({ ID, Spec }) => ({ id: ID, name: Spec?.Name ?? ID })),
  };
}

/** Of the strays those that an update had begun to create, by the names in its records. */
export async function findBegun(docker: Dockerode, stack: string, state: Deployment): Promise<Strays> {
  const begun = (state.pending_operations ?? []).filter(({ type }) => type === "creating").map(({ resource }) => resource);
  const ofType = (type: string) => {
    const names = new Set(begun.filter((resource) => resource.type === type).map(nameOnHost));
    return ({ name }: Stray) => names.has(name);
  };
  const { containers, networks, services } = await findStrays(docker, stack, state);
  return { containers: containers.filter(ofType(types.container)), networks: networks.filter(ofType(types.network)), services: services.filter(ofType(types.service)) };
}

/** Those that a later state does not know either. */
export function stillStrays({ containers, networks, services }: Strays, state: Deployment): Strays {
  const isUnknown = unknownTo(state);
  const left = (list: Stray[]) => list.filter(({ id }) => isUnknown(id));
  return { containers: left(containers), networks: left(networks), services: left(services) };
}

/** Containers of `berth run`: they hold networks and volumes of the stack. */
export async function findRuns(docker: Dockerode, stack: string): Promise<Strays> {
  const found = await docker.listContainers({ all: true, filters: { label: [`${labels.stack}=${stack}`, `${labels.role}=run`] } });
  return { containers: found.map(({ Id, Names }) => ({ id: Id, name: Names[0]?.slice(1) ?? Id })), networks: [], services: [] };
}

/** Removes them, services first, containers in good order; one that is gone already is no error. Returns their names. */
export async function removeStrays(docker: Dockerode, { containers, networks, services }: Strays): Promise<string[]> {
  await Promise.all(services.map(({ id }) => gone(docker.getService(id).remove())));
  await Promise.all(containers.map(({ id }) => gone(docker.getContainer(id).stop({ t: 10 }).catch(ignoreStopped))));
  await Promise.all(containers.map(({ id }) => gone(docker.getContainer(id).remove({ force: true }))));
  await Promise.all(networks.map(({ id }) => gone(docker.getNetwork(id).remove())));
  return [...services, ...containers, ...networks].map(({ name }) => name);
}

async function gone(removal: Promise<unknown>): Promise<void> {
  try {
    await removal;
  } catch (error) {
    if ((error as { statusCode?: number }).statusCode !== 404) throw error;
  }
}

function ignoreStopped(error: unknown): void {
  if ((error as { statusCode?: number }).statusCode !== 304) throw error;
}

/** An engine outside a swarm, or a worker of one, refuses to list services. */
function noSwarm(error: unknown): never[] {
  if ((error as { statusCode?: number }).statusCode !== 503) throw error;
  return [];
}
