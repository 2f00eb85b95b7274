import type Dockerode from "dockerode";
import { dockerClient, requireDocker } from "../docker/client.ts";
import { interruptible } from "./interruption.ts";
import type { Context } from "./command.ts";

/** The Docker Engine that runs a stack. @throws NoEngineError saying what to do where it does not answer. */
export async function dockerOf({ project, environment, signal }: Context, stack: string): Promise<Dockerode> {
  const docker = dockerClient(project.settings(stack).docker, environment);
  await interruptible(signal, requireDocker(docker));
  return docker;
}
