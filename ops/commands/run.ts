import { type Command, stackOf, stackOption } from "../command.ts";
import { dockerOf, labels, stackContainers } from "../docker.ts";
import { usageError } from "../exit.ts";
import { noMatch } from "../parts.ts";
import { runLike } from "../run-container.ts";
import { shell } from "../session.ts";

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
    const model = running.findLast(({ Labels }) => ["web", "worker"].includes(Labels[labels.role] ?? "")) ?? running.at(-1);
    if (model === undefined) throw usageError(`no replica of ${app} runs in stack "${stack}", of which a copy could be made: ./berth status -s ${stack}`);
    const given = parsed.rest ?? [];
    return runLike(docker, model.Id, { stack, app, command: given.length > 0 ? given : shell }, process, signal);
  },
};
