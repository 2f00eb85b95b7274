import type Dockerode from "dockerode";
import { type Command, stackOf, stackOption } from "../command.ts";
import { fileOf } from "../../docker/container-file.ts";
import { dockerOf } from "../docker.ts";
import { labels, stackContainers } from "../../docker/labels.ts";
import { usageError } from "../exit.ts";
import { runningPart } from "./parts.ts";
import { execIn } from "./session.ts";

export const command: Command = {
  summary: "redis-cli as an application's user, or as the admin",
  description: [
    "Opens redis-cli in the Redis container: as the user of an application, who sees the keys <app>:* alone, or as the",
    "admin, who may do everything. What stands after -- are arguments of redis-cli; commands may be piped in.",
  ].join("\n"),
  options: { stack: stackOption },
  positionals: ["app"],
  rest: "redis-cli arguments",
  examples: ["./berth redis shop", "./berth redis shop -- get shop:greeting", "echo info | ./berth redis -s prod"],
  exits: [0, 1, 2, 3, 130],
  async run(context, parsed) {
    const { terminal, signal } = context;
    const stack = stackOf(context, parsed);
    const app = parsed.positionals[0];
    const docker = await dockerOf(context, stack);
    const all = await stackContainers(docker, stack);
    const { Id } = runningPart(stack, all, "redis");
    const password =
      app === undefined ? await fileOf(docker, Id, "/run/secrets/admin-password") : await fileOf(docker, userOf(stack, all, app).Id, "/run/secrets/REDIS_PASSWORD");
    if (password === undefined) throw usageError(`application "${app}" of stack "${stack}" has no cache: its app.ts says cache: true where it wants one`);
    terminal.redactor.hide(password);
    const command = ["redis-cli", "--no-auth-warning", "--user", app ?? "admin", ...(parsed.rest ?? [])];
    return execIn(docker, Id, { command, env: [`REDISCLI_AUTH=${password}`] }, process, signal);
  },
};

/** A container of the application, whose volume has the password; it need not run. */
function userOf(stack: string, all: Dockerode.ContainerInfo[], app: string): Dockerode.ContainerInfo {
  const own = all.filter(({ Labels }) => Labels[labels.app] === app && Labels[labels.role] !== "files");
  return own.at(-1) ?? runningPart(stack, all, app);
}
