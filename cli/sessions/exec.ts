import { type Command, stackOf, stackOption } from "../command.ts";
import { dockerOf } from "../docker.ts";
import { stackContainers } from "../../docker/labels.ts";
import { usageError } from "../exit.ts";
import { runningPart } from "./parts.ts";
import { execIn, shell } from "./session.ts";
import { inWayOf } from "../../docker/one-off.ts";

export const command: Command = {
  summary: "a command or a shell in a running container",
  description: [
    "Runs a command in a running container, with its user, environment and limits; without one, a shell. An application's",
    "name means its web server, or its worker where it serves nothing; a part such as root/web or postgres may be named.",
    "Input, output and terminal are passed through, and the command's exit code is this one's. Options stand before the",
    "command. An interruption leaves a command that has no terminal running in the container.",
  ].join("\n"),
  options: {
    stack: stackOption,
    replica: { type: "string", value: "<n>", help: "the replica, by the number in its container's name (default: the first)" },
  },
  positionals: ["app|part"],
  rest: "command",
  examples: ["./berth exec root", "./berth exec root env", "./berth exec postgres -s prod -- df -h", "echo hello | ./berth exec root cat"],
  exits: [0, 1, 2, 3, 130],
  async run(context, parsed) {
    const { signal } = context;
    const stack = stackOf(context, parsed);
    const wanted = parsed.positionals[0];
    const replica = parsed.values["replica"];
    if (wanted === undefined) throw usageError("berth exec needs to know where: ./berth exec <app|part> [command…]; ./berth status lists the parts");
    if (replica !== undefined && !/^\d+$/.test(replica)) throw usageError(`--replica is "${replica}", but must be a number, from 0`);
    const docker = await dockerOf(context, stack);
    const { Id } = runningPart(stack, await stackContainers(docker, stack), wanted, replica === undefined ? undefined : Number(replica));
    const given = parsed.rest ?? [];
    const { Entrypoint } = (await docker.getContainer(Id).inspect()).Config;
    return execIn(docker, Id, { command: inWayOf(Entrypoint, given.length > 0 ? given : shell) }, process, signal);
  },
};
