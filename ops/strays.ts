import type Dockerode from "dockerode";
import type { Deployment } from "./deployer.ts";
import { labels } from "./docker.ts";

/** What carries a stack's label on its host and is not in its state: made by an update that was killed. */
export interface Strays {
  containers: { id: string; name: string }[];
  networks: { id: string; name: string }[];
}

/**
 * Volumes are never strays: creating one that exists gives the same one, and they may hold data. Nor are containers of
 * `berth run`: somebody works in them.
 */
export async function findStrays(docker: Dockerode, stack: string, state: Deployment): Promise<Strays> {
  const known = new Set((state.resources ?? []).map(({ id }) => id));
  const filters = { label: [`${labels.stack}=${stack}`] };
  const [containers, networks] = await Promise.all([docker.listContainers({ all: true, filters }), docker.listNetworks({ filters })]);
  return {
    containers: containers.filter(({ Id, Labels }) => !known.has(Id) && Labels[labels.role] !== "run").map(({ Id, Names }) => ({ id: Id, name: Names[0]?.slice(1) ?? Id })),
    networks: networks.filter(({ Id }) => !known.has(Id)).map(({ Id, Name }) => ({ id: Id, name: Name })),
  };
}

/** Containers of `berth run`: they hold networks and volumes of the stack. */
export async function findRuns(docker: Dockerode, stack: string): Promise<Strays> {
  const found = await docker.listContainers({ all: true, filters: { label: [`${labels.stack}=${stack}`, `${labels.role}=run`] } });
  return { containers: found.map(({ Id, Names }) => ({ id: Id, name: Names[0]?.slice(1) ?? Id })), networks: [] };
}

/** Removes them, containers in good order first; one that is gone already is no error. */
export async function removeStrays(docker: Dockerode, { containers, networks }: Strays): Promise<string[]> {
  await Promise.all(containers.map(({ id }) => gone(docker.getContainer(id).stop({ t: 10 }).catch(ignoreStopped))));
  await Promise.all(containers.map(({ id }) => gone(docker.getContainer(id).remove({ force: true }))));
  await Promise.all(networks.map(({ id }) => gone(docker.getNetwork(id).remove())));
  return [...containers, ...networks].map(({ name }) => name);
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
