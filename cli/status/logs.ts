import { addAbortListener } from "node:events";
import { createInterface } from "node:readline";
import type Dockerode from "dockerode";
import { type Command, stackOf, stackOption } from "../command.ts";
import { dockerOf } from "../docker.ts";
import { labels, partOf, stackContainers } from "../../docker/labels.ts";
import { unlessStatus } from "../../docker/errors.ts";
import { usageError } from "../exit.ts";
import { matches, noMatch } from "../sessions/parts.ts";
import type { Terminal } from "../terminal.ts";
import { followLog, type From, jsonOf, type Line, readLog } from "./log-lines.ts";
import { sinceOf } from "./since.ts";

const colours = ["cyan", "yellow", "green", "bold"] as const;

export const command: Command = {
  summary: "what the containers print, each line with its part's name",
  description: [
    "Prints the last lines of a stack's containers in the order of their time, or follows them; containers that start",
    "meanwhile are followed too. An application's name, a part such as root/web or a role such as postgres picks some.",
    "With --json each line is one JSON object: time, app (of an application's), part, container, stream, line.",
  ].join("\n"),
  options: {
    stack: stackOption,
    follow: { type: "boolean", short: "f", help: "go on with new lines until interrupted" },
    tail: { type: "string", short: "n", value: "<lines>", help: "lines of each container to begin with, or all (default: 100; all with --since)" },
    since: { type: "string", value: "<time>", help: "no older lines: so long ago (90s, 10m, 1h30m, 2d), a time (2026-12-01T08:30), or seconds since 1970" },
    json: { type: "boolean", help: "each line as one JSON object" },
  },
  positionals: ["app|part"],
  examples: ["./berth logs -f root", "./berth logs postgres --tail all", "./berth logs root --since 10m --json | jq -r 'select(.stream == \"stderr\") | .line'"],
  exits: [0, 1, 2, 3],
  async run(context, parsed) {
    const { terminal, signal } = context;
    const stack = stackOf(context, parsed);
    const from = fromOf(parsed.values);
    const docker = await dockerOf(context, stack);
    const all = (await stackContainers(docker, stack)).filter(({ Labels }) => Labels[labels.role] !== "files");
    const wanted = parsed.positionals[0];
    const chosen = all.filter((container) => wanted === undefined || matches(container, wanted));
    if (chosen.length === 0 && wanted !== undefined && !parsed.flags["follow"]) throw usageError(noMatch(stack, wanted, all));
    if (chosen.length === 0 && wanted !== undefined) terminal.line(`nothing of ${wanted} yet in stack "${stack}"; waiting for it to start`);
    const width = Math.max(0, ...all.map((container) => prefixOf(container).length));
    const print = parsed.flags["json"] ? jsonPrinter(terminal) : printer(terminal, width);
    if (parsed.flags["follow"]) await follow(docker, stack, chosen, wanted, from, print, signal);
    else {
      const lines = (await Promise.all(chosen.map((container) => readLog(docker, container, from).catch(unlessStatus(404, 409))))).flatMap((read) => read ?? []);
      for (const line of lines.sort((a, b) => (a.time < b.time ? -1 : 1))) print(line);
    }
    return 0;
  },
};

function fromOf({ tail: lines, since }: Readonly<Record<string, string>>): From {
  const tail = lines ?? (since === undefined ? "100" : "all");
  if (!/^(all|\d+)$/.test(tail)) throw usageError(`--tail is "${tail}", but must be a number of lines or all`);
  return { ...(tail !== "all" && { tail: Number(tail) }), ...(since !== undefined && { since: sinceOf(since) }) };
}

/** Part and the end of the container's name, which tells replicas apart. */
function prefixOf(container: Dockerode.ContainerInfo): string {
  return `${partOf(container)} ${container.Id.slice(0, 4)}`;
}

function printer(terminal: Terminal, width: number): (line: Line) => void {
  const seen = new Map<string, (typeof colours)[number]>();
  return ({ container, text }) => {
    const prefix = prefixOf(container);
    const colour = seen.get(prefix) ?? colours[seen.size % colours.length] ?? "cyan";
    seen.set(prefix, colour);
    terminal.result(`${terminal.resultStyle(colour, `${prefix.padEnd(width)} |`)} ${text}`);
  };
}

function jsonPrinter(terminal: Terminal): (line: Line) => void {
  // A secret with a quote in it is another text once it is JSON.
  return (line) => terminal.result(jsonOf({ ...line, text: terminal.redactor.clean(line.text) }));
}

async function follow(
  docker: Dockerode,
  stack: string,
  first: Dockerode.ContainerInfo[],
  wanted: string | undefined,
  from: From,
  print: (line: Line) => void,
  signal: AbortSignal,
): Promise<void> {
  // A container that starts again has printed its earlier lines already.
  const attachNew = async (id: string, since: number) => {
    const [container] = await docker.listContainers({ filters: { id: [id] } });
    if (container !== undefined && (wanted === undefined || matches(container, wanted))) await followLog(docker, container, { since }, print, signal);
  };
  const events = await docker.getEvents({ filters: { label: [`${labels.stack}=${stack}`], event: ["start"] }, abortSignal: signal } as Dockerode.GetEventsOptions);
  const ended = new Promise<void>((resolve) => {
    events.on("close", resolve).on("error", () => resolve());
  });
  const lines = createInterface({ input: events }).on("line", (text) => {
    const { id, time } = JSON.parse(text) as { id?: string; time?: number };
    if (id === undefined || time === undefined) return;
    attachNew(id, time).catch(() => undefined); // gone before it was looked at
  });
  // An interrupted connection is how following ends.
  lines.on("error", () => undefined);
  await Promise.race([Promise.all([ended, ...first.map((container) => followLog(docker, container, from, print, signal).catch(unlessStatus(404, 409)))]), aborted(signal)]);
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => void addAbortListener(signal, () => resolve()));
}
