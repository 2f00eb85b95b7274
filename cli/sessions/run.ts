import { randomBytes } from "node:crypto";
import { addAbortListener } from "node:events";
import type { Duplex } from "node:stream";
import type Dockerode from "dockerode";
import { type Command, stackOf, stackOption } from "../command.ts";
import { dockerOf } from "../docker.ts";
import { isLasting, labels, stackContainers } from "../../docker/labels.ts";
import { copyOf, type RunOptions } from "../../docker/one-off.ts";
import { exitCodes, messageOf, OpsError, usageError } from "../exit.ts";
import { noMatch } from "./parts.ts";
import { connect, hasTerminal, shell, type Streams } from "./session.ts";

export const command: Command = {
  summary: "a command in a container of its own, like an application's",
  description: [
    "Starts a new container that is like a running replica of the application: its image, user, environment, secrets,",
    "volumes, networks, limits and hardening. It runs the command, or a shell, and is removed afterwards. It serves no",
    "requests. The exit code is the command's. An interruption stops it as a deploy stops a replica.",
  ].join("\n"),
  options: { stack: stackOption },
  positionals: ["app"],
  rest: "command",
  examples: ["./berth run root -- root migrate", "./berth run root -s prod", "./berth run shop -- python -m shop.import < prices.csv"],
  exits: [0, 1, 2, 3, 130],
  async run(context, parsed) {
    const { signal } = context;
    const stack = stackOf(context, parsed);
    const app = parsed.positionals[0];
    if (app === undefined) throw usageError("berth run needs an application: ./berth run <app> -- <command…>");
    const docker = await dockerOf(context, stack);
    const all = (await stackContainers(docker, stack)).filter(({ Labels }) => Labels[labels.app] !== undefined);
    const own = all.filter(({ Labels }) => Labels[labels.app] === app);
    if (own.length === 0) throw usageError(noMatch(stack, app, all));
    const running = own.filter(({ State, Labels }) => State === "running" && !["job", "run"].includes(Labels[labels.role] ?? ""));
    // One that only has schedules is like them.
    const model = running.findLast(isLasting) ?? running.at(-1);
    if (model === undefined) throw usageError(`no replica of ${app} runs in stack "${stack}", of which a copy could be made: ./berth status -s ${stack}`);
    const given = parsed.rest ?? [];
    return runLike(docker, model.Id, { stack, app, command: given.length > 0 ? given : shell }, process, signal);
  },
};

/**
 * Runs a command in a new container that is like another one, and removes it.
 *
 * @param model Id of the container whose configuration is taken.
 * @returns the command's exit code; 130 after an interruption.
 * @throws OpsError where the container does not start.
 */
async function runLike(docker: Dockerode, model: string, options: RunOptions, streams: Streams, signal: AbortSignal): Promise<number> {
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
    using _ = addAbortListener(signal, stop);
    // The stream ends with the container, also after an interruption: its last lines are not lost.
    await connect(stream, streams, tty, (size) => container.resize(size), new AbortController().signal);
    const { StatusCode } = await ended;
    return signal.aborted ? exitCodes.interrupted : StatusCode;
  } catch (error) {
    await container.remove({ force: true }).catch(() => undefined);
    throw new OpsError(`${options.command.join(" ")} did not run in a container like ${like.Name.slice(1)}: ${messageOf(error)}`);
  }
}
