import type Dockerode from "dockerode";
import { addresses } from "../answers.ts";
import { engineFor } from "../choose.ts";
import { type Command, engineOption, jsonOption, stackOf, stackOption } from "../command.ts";
import { dockerOf, labels, partOf, stackContainers } from "../docker.ts";
import { size, table } from "../table.ts";
import type { Terminal } from "../terminal.ts";

export interface ContainerStatus {
  part: string;
  role: string;
  app?: string;
  container: string;
  image: string;
  state: string;
  /** healthy, unhealthy or starting; undefined without a health check. */
  health?: string;
  exitCode?: number;
  restarts: number;
  /** Since the last start, in seconds. */
  uptime?: number;
  /** Bytes in use without the page cache, as `docker stats` counts them. */
  memory?: number;
}

export const command: Command = {
  summary: "containers of a stack and its addresses",
  description: "Lists the containers of a stack with state, health, restarts, uptime and memory, and its addresses. Jobs that\nended well and containers that only fill a volume are listed with --all. Exit code 1 when a part is not well.",
  options: { stack: stackOption, engine: engineOption, all: { type: "boolean", short: "a", help: "also jobs that ended well and containers that never run" }, json: jsonOption },
  examples: ["./berth status", "./berth status --json | jq '.containers[] | select(.health == \"unhealthy\")'"],
  exits: [0, 1, 2, 3],
  async run(context, parsed) {
    const { terminal } = context;
    const stack = stackOf(context, parsed);
    const docker = await dockerOf(context, stack);
    const [containers, choice] = await Promise.all([
      stackContainers(docker, stack).then((list) => Promise.all(list.map((container) => statusOf(docker, container)))),
      engineFor(context, stack, parsed.values["engine"]),
    ]);
    const found = containers.length === 0 ? {} : addresses(await choice.deployer.outputs());
    const shown = parsed.flags["all"] ? containers : containers.filter((container) => !isDone(container));
    const well = containers.length > 0 && containers.every(isWell);
    if (parsed.flags["json"]) terminal.json({ stack, engine: choice.deployer.engine, well, containers: shown, addresses: found });
    else if (containers.length === 0) terminal.result(`stack "${stack}" is not up: ./berth up -s ${stack}`);
    else {
      terminal.result(statusTable(shown, terminal));
      if (Object.keys(found).length > 0) terminal.result(`\n${table(["NAME", "ADDRESS"], Object.entries(found))}`);
    }
    return well ? 0 : 1;
  },
};

/** A job that ended well, or a container that exists only to fill a volume. */
function isDone({ role, state, exitCode }: ContainerStatus): boolean {
  return (role === "files" && state === "created") || (role === "job" && state === "exited" && exitCode === 0);
}

export function isWell(container: ContainerStatus): boolean {
  return isDone(container) || (container.state === "running" && container.health !== "unhealthy");
}

export function statusTable(containers: ContainerStatus[], terminal: Pick<Terminal, "resultStyle">): string {
  const rows = containers.map((container) => {
    const { part, image, state, health, restarts, uptime, memory, exitCode } = container;
    const text = state === "exited" ? `exited (${exitCode})` : state;
    const colour = isWell(container) ? "green" : "red";
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
  const [details, stats] = await Promise.all([container.inspect(), running ? container.stats({ stream: false, "one-shot": true }) : undefined]);
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

function age(seconds: number): string {
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7200) return `${Math.floor(seconds / 60)} min`;
  return seconds < 172_800 ? `${Math.floor(seconds / 3600)} h` : `${Math.floor(seconds / 86_400)} days`;
}
