import type Dockerode from "dockerode";
import { addresses } from "../deploy/answers.ts";
import { engineFor } from "../deploy/choose-engine.ts";
import { type Command, engineOption, jsonOption, stackOf, stackOption } from "../command.ts";
import { dockerOf } from "../docker.ts";
import { unlessStatus } from "../../docker/errors.ts";
import { labels, partOf, stackContainers } from "../../docker/labels.ts";
import { isUp, requireState } from "../deploy/ownership.ts";
import { outputsOf, realResources } from "../deploy/stack-state.ts";
import { exitCodes, OpsError } from "../exit.ts";
import { tasksOf } from "./service-tasks.ts";
import { type ContainerStatus, isDone, lacksOf, missingOf, problemOf } from "./health-problems.ts";
import { age, size, table } from "../table.ts";
import type { Terminal } from "../terminal.ts";

export const command: Command = {
  summary: "containers of a stack and its addresses",
  description: "Lists the containers of a stack with state, health, restarts, uptime and memory, and its addresses. Jobs that\nended well and containers that only fill a volume are listed with --all. What the state has and the Docker host has\nnot is listed as missing. Exit code 5 when something is missing, unhealthy, or keeps ending.",
  options: { stack: stackOption, engine: engineOption, all: { type: "boolean", short: "a", help: "also jobs that ended well and containers that never run" }, json: jsonOption },
  examples: ["./berth status", "./berth status --json | jq '.containers[] | select(.health == \"unhealthy\")'"],
  exits: [0, 1, 2, 3, 5],
  async run(context, parsed) {
    const { terminal } = context;
    const stack = stackOf(context, parsed);
    const docker = await dockerOf(context, stack);
    const [listed, { deployer }] = await Promise.all([stackContainers(docker, stack), engineFor(context, stack, parsed.values["engine"])]);
    const state = await deployer.state();
    if (!isUp(state)) await requireState(docker, stack, state, deployer.description);
    if (!isUp(state) && listed.length === 0) throw new OpsError(`stack "${stack}" is not up: ./berth up -s ${stack}`);
    const found = await Promise.all(listed.map((container) => statusOf(docker, container).catch(unlessStatus(404))));
    const containers = [...found.filter((container) => container !== undefined), ...missingOf(state, listed)];
    const problems = [...containers.flatMap((container) => [problemOf(container)].flatMap((problem) => (problem === undefined ? [] : [`${container.container} ${problem}`]))), ...lacksOf(state, await tasksOf(docker, realResources(state)))];
    const shownAddresses = addresses(outputsOf(state));
    const shown = parsed.flags["all"] ? containers : containers.filter((container) => !isDone(container));
    const well = problems.length === 0;
    if (parsed.flags["json"]) terminal.json({ stack, engine: deployer.engine, well, problems, containers: shown, addresses: shownAddresses });
    else {
      terminal.result(statusTable(shown, terminal));
      if (Object.keys(shownAddresses).length > 0) terminal.result(`\n${table(["NAME", "ADDRESS"], Object.entries(shownAddresses))}`);
      if (!well) terminal.result(`\n${[terminal.resultStyle("red", "not well:"), ...problems.map((problem) => `  ${problem}`), `./berth logs -s ${stack} shows why something ended; ./berth up -s ${stack} makes again what is gone`].join("\n")}`);
    }
    return well ? exitCodes.ok : exitCodes.unhealthy;
  },
};

export function statusTable(containers: ContainerStatus[], terminal: Pick<Terminal, "resultStyle">): string {
  const rows = containers.map((container) => {
    const { part, image, state, health, restarts, uptime, memory, exitCode } = container;
    const text = state === "exited" ? `exited (${exitCode})` : state;
    const colour = problemOf(container) === undefined ? "green" : "red";
    return [
      part,
      container.container,
      image,
      terminal.resultStyle(colour, text),
      health === undefined ? "-" : terminal.resultStyle(health === "starting" ? "yellow" : colour, health),
      String(restarts),
      uptime === undefined ? "-" : age(uptime),
      memory === undefined ? "-" : size(memory),
    ];
  });
  return table(["PART", "CONTAINER", "IMAGE", "STATE", "HEALTH", "RESTARTS", "UP", "MEMORY"], rows);
}

async function statusOf(docker: Dockerode, info: Dockerode.ContainerInfo): Promise<ContainerStatus> {
  const container = docker.getContainer(info.Id);
  const running = info.State === "running";
  const [details, stats] = await Promise.all([container.inspect(), running ? container.stats({ stream: false, "one-shot": true }).catch(unlessStatus(404, 409)) : undefined]);
  const { State, RestartCount, Config } = details;
  return {
    part: partOf(info),
    role: info.Labels[labels.role] ?? "",
    app: info.Labels[labels.app],
    container: info.Names[0]?.slice(1) ?? info.Id.slice(0, 12),
    image: shortImage(Config.Image),
    state: State.Status,
    health: State.Health?.Status,
    exitCode: State.Status === "exited" ? State.ExitCode : undefined,
    restarts: RestartCount,
    uptime: running ? Math.max(0, Math.round((Date.now() - Date.parse(State.StartedAt)) / 1000)) : undefined,
    memory: stats === undefined ? undefined : stats.memory_stats.usage - (stats.memory_stats.stats?.inactive_file ?? 0),
  };
}

/** `repository:tag@sha256:` and the first 12 digits; an image id is cut likewise. */
export function shortImage(image: string): string {
  return image.replace(/sha256:([0-9a-f]{12})[0-9a-f]{52}/, "sha256:$1");
}
