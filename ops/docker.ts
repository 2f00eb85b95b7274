import Dockerode from "dockerode";
import type { Context } from "./command.ts";
import { exitCodes, messageOf, OpsError } from "./exit.ts";
import { sshSocket } from "./ssh.ts";

/** Labels that the program gives to everything it makes on a Docker host. */
export const labels = { stack: "berth.stack", role: "berth.role", app: "berth.app" } as const;

/** A client of the engine that runs a stack: `unix://`, `tcp://` or `ssh://`; the environment's where none is named. */
export function dockerClient(host: string | undefined, environment: NodeJS.ProcessEnv): Dockerode {
  const address = host ?? (environment["DOCKER_HOST"] || "unix:///var/run/docker.sock");
  if (address.startsWith("unix://")) return new Dockerode({ socketPath: address.slice("unix://".length) });
  if (address.startsWith("ssh://")) return new Dockerode({ socketPath: sshSocket(address, environment) });
  const { hostname, port } = new URL(address);
  return new Dockerode({ protocol: "http", host: hostname, port: port || "2375" });
}

/** The Docker Engine that runs a stack, which answers. @throws OpsError (3) saying what to do where it does not. */
export async function dockerOf({ project, environment }: Context, stack: string): Promise<Dockerode> {
  const docker = dockerClient(project.settings(stack).docker, environment);
  await requireDocker(docker);
  return docker;
}

/** @throws OpsError (3) saying what to do where the engine does not answer. */
export async function requireDocker(docker: Dockerode): Promise<void> {
  try {
    await docker.ping();
  } catch (error) {
    throw new OpsError(`the Docker Engine does not answer (${messageOf(error)}): ./berth doctor says what is missing, ./berth up starts one`, exitCodes.requirement);
  }
}

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
