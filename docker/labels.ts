import type Dockerode from "dockerode";
import { labels } from "../components/docker/labels.ts";

export { labels };

/** Containers of a stack, running or not, oldest first. */
export async function stackContainers(docker: Dockerode, stack: string): Promise<Dockerode.ContainerInfo[]> {
  const containers = await docker.listContainers({ all: true, filters: { label: [`${labels.stack}=${stack}`] } });
  return containers.sort((a, b) => a.Created - b.Created);
}

/** `root/web` for an application's, else the role alone. */
export function partOf(container: Pick<Dockerode.ContainerInfo, "Labels">): string {
  const { [labels.app]: app, [labels.role]: role = "?" } = container.Labels;
  return app === undefined || app === role ? role : `${app}/${role}`;
}
