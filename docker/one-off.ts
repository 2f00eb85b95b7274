import type Dockerode from "dockerode";
import { labels } from "./labels.ts";

export interface RunOptions {
  stack: string;
  app: string;
  command: string[];
}

type Inspected = Pick<Dockerode.ContainerInspectInfo, "Config" | "HostConfig">;

/** What is created: the other's configuration with another command, and nothing that would route, restart or check it. */
export function copyOf({ Config, HostConfig }: Inspected, { stack, app, command }: RunOptions, tty: boolean, term = "xterm"): Dockerode.ContainerCreateOptions {
  const { Image, User, Env, WorkingDir, StopSignal, StopTimeout } = Config as typeof Config & { StopSignal?: string; StopTimeout?: number };
  const [program = "", ...rest] = inWayOf(Config.Entrypoint, command);
  return {
    Image,
    User,
    WorkingDir,
    StopSignal,
    StopTimeout,
    Env: tty ? [...Env, `TERM=${term}`] : Env,
    Entrypoint: [program],
    Cmd: rest,
    Healthcheck: { Test: ["NONE"] },
    Labels: { [labels.stack]: stack, [labels.app]: app, [labels.role]: "run" },
    HostConfig: { ...HostConfig, AutoRemove: true, RestartPolicy: { Name: "no" }, PortBindings: {} },
    AttachStdin: true,
    AttachStdout: true,
    AttachStderr: true,
    OpenStdin: true,
    StdinOnce: true,
    Tty: tty,
  };
}

/**
 * A command with its secrets as plain variables, where the container's own has them so: then its entrypoint is a shell
 * that sets them and goes on with `exec "$@"`.
 */
export function inWayOf(entrypoint: string[] | string | null | undefined, command: string[]): string[] {
  const own = Array.isArray(entrypoint) ? entrypoint : [];
  const script = own.findIndex((word) => word.endsWith('exec "$@"'));
  return script === -1 ? command : [...own.slice(0, script + 2), ...command];
}
