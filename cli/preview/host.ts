import { setTimeout as delay } from "node:timers/promises";
import type Dockerode from "dockerode";
import { dockerClient } from "../../docker/client.ts";
import type { Project } from "../project.ts";

/** How long the Docker host may take for an answer, in milliseconds. */
export const deadline = 4000;

/** What a Docker host answers in time; undefined where it does not, which a preview does not need. */
export async function answered<T>(docker: Dockerode | undefined, within: number, ask: (docker: Dockerode) => Promise<T>): Promise<T | undefined> {
  try {
    return docker && ((await Promise.race([ask(docker), delay(within, undefined, { ref: false })])) as T | undefined);
  } catch {
    return undefined;
  }
}

/** A client that gives each request up after the deadline, so that none keeps the command waiting at its end. */
export function asked(project: Project, stack: string, environment: NodeJS.ProcessEnv): Dockerode | undefined {
  try {
    const docker = dockerClient(project.settings(stack).docker, environment);
    Object.assign(docker.modem as object, { connectionTimeout: deadline });
    return docker;
  } catch {
    return undefined;
  }
}
