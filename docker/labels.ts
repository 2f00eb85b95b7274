import type Dockerode from "dockerode";
import { labels } from "../components/docker/labels.ts";

export { labels };

/** Containers of a stack, running or not, oldest first. */
export async function stackContainers(docker: Dockerode, stack: string): Promise<Dockerode.ContainerInfo[]> {
  const containers = await docker.listContainers({ all: true, filters: { label: [`${labels.stack}=${stack}`] } });
  return containers.sort((a, b) => a.Created - b.Created);
}

/** Whether a container of an application runs all the time, with nothing that is due at a time: its web server and its workers. */
export function isLasting({ Labels }: Pick<Dockerode.ContainerInfo, "Labels">): boolean {
  return roleRank(Labels[labels.role]) !== undefined;
}

/** The order of an application's lasting parts: its web server, `worker`, then its other workers; undefined of any other role. */
export function roleRank(role = ""): number | undefined {
  return role === "web" ? 0 : role === "worker" ? 1 : role.startsWith("worker-") ? 2 : undefined;
}

/** `root/web` for an application's, else the role alone. */
export function partOf(container: Pick<Dockerode.ContainerInfo, "Labels">): string {
  const { [labels.app]: app, [labels.role]: role = "?" } = container.Labels;
  return app === undefined || app === role ? role : `${app}/${role}`;
}
