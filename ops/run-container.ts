import { randomBytes } from "node:crypto";
import type { Duplex } from "node:stream";
import type Dockerode from "dockerode";
import { labels } from "./docker.ts";
import { exitCodes, messageOf, OpsError } from "./exit.ts";
import { connect, hasTerminal, inWayOf, type Streams } from "./session.ts";

export interface RunOptions {
  stack: string;
  app: string;
  command: string[];
}

/**
 * Runs a command in a new container that is like another one, and removes it.
 *
 * @param model Id of the container whose configuration is taken.
 * @returns the command's exit code; 130 after an interruption.
 * @throws OpsError where the container does not start.
 */
export async function runLike(docker: Dockerode, model: string, options: RunOptions, streams: Streams, signal: AbortSignal): Promise<number> {
  const like = await docker.getContainer(model).inspect();
  const tty = hasTerminal(streams);
  const [first, ...others] = Object.keys(like.NetworkSettings.Networks);
  const container = await docker.createContainer({
    ...copyOf(like, options, tty, process.env["TERM"]),
    name: `${options.app}-run-${randomBytes(4).toString("hex").slice(0, 7)}`,
    // Without the replica's names on the network: no request may come here.
    ...(first !== undefined && { NetworkingConfig: { EndpointsConfig: { [first]: {} } } }),
  });
  const stop = () => {
    container.stop().catch(() => undefined); // it has ended by itself
  };
  try {
    for (const network of others) await docker.getNetwork(network).connect({ Container: container.id });
    const stream = (await container.attach({ stream: true, hijack: true, stdin: true, stdout: true, stderr: true })) as Duplex;
    // Asked before it starts: it is gone as soon as it ends.
    const ended = container.wait({ condition: "removed" }) as Promise<{ StatusCode: number }>;
    ended.catch(() => undefined);
    await container.start();
    signal.addEventListener("abort", stop, { once: true });
    // The stream ends with the container, also after an interruption: its last lines are not lost.
    await connect(docker, stream, streams, tty, (size) => container.resize(size), new AbortController().signal);
    const { StatusCode } = await ended;
    return signal.aborted ? exitCodes.interrupted : StatusCode;
  } catch (error) {
    await container.remove({ force: true }).catch(() => undefined);
    throw new OpsError(`${options.command.join(" ")} did not run in a container like ${like.Name.slice(1)}: ${messageOf(error)}`);
  } finally {
    signal.removeEventListener("abort", stop);
  }
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
