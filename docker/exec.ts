import type Dockerode from "dockerode";
import { DockerError } from "./errors.ts";

export interface ExecOptions {
  command: string[];
  /** @default the container's own */
  user?: string;
  /** Beyond the container's own; not shown by `docker inspect`. @default none */
  env?: string[];
}

/** Output of a command in a running container, for what berth itself must know. @throws DockerError with what it printed. */
export async function outputOf(docker: Dockerode, id: string, options: ExecOptions): Promise<string> {
  const { command: Cmd, user: User, env: Env } = options;
  const exec = await docker.getContainer(id).exec({ Cmd, User, Env, AttachStdout: true, AttachStderr: true, Tty: true });
  let text = "";
  for await (const part of await exec.start({ Tty: true })) text += String(part);
  const { ExitCode } = await exec.inspect();
  if (ExitCode !== 0) throw new DockerError(`${Cmd.join(" ")} ended with ${ExitCode}: ${text.trim()}`);
  return text.replaceAll("\r\n", "\n");
}
