import { addAbortListener, once } from "node:events";
import { createInterface } from "node:readline";
import { PassThrough, Readable } from "node:stream";
import type Dockerode from "dockerode";
import { type Command, stackOf, stackOption } from "../command.ts";
import { dockerOf } from "../docker.ts";
import { labels, partOf, stackContainers } from "../../docker/labels.ts";
import { unlessStatus } from "../../docker/errors.ts";
import { demultiplex } from "../../docker/frames.ts";
import { usageError } from "../exit.ts";
import { matches, noMatch } from "../sessions/parts.ts";
import type { Terminal } from "../terminal.ts";

interface Line {
  time: string;
  prefix: string;
  text: string;
}

const colours = ["cyan", "yellow", "green", "bold"] as const;

export const command: Command = {
  summary: "what the containers print, each line with its part's name",
  description: "Prints the last lines of a stack's containers in the order of their time, or follows them; containers that start\nmeanwhile are followed too. An application's name, a part such as root/web or a role such as postgres picks some.",
  options: {
    stack: stackOption,
    follow: { type: "boolean", short: "f", help: "go on with new lines until interrupted" },
    tail: { type: "string", short: "n", value: "<lines>", help: "lines of each container to begin with, or all (default: 100)" },
  },
  positionals: ["app|part"],
  examples: ["./berth logs -f root", "./berth logs postgres --tail all"],
  exits: [0, 1, 2, 3],
  async run(context, parsed) {
    const { terminal, signal } = context;
    const stack = stackOf(context, parsed);
    const tail = parsed.values["tail"] ?? "100";
    if (!/^(all|\d+)$/.test(tail)) throw usageError(`--tail is "${tail}", but must be a number of lines or all`);
    const docker = await dockerOf(context, stack);
    const all = (await stackContainers(docker, stack)).filter(({ Labels }) => Labels[labels.role] !== "files");
    const wanted = parsed.positionals[0];
    const chosen = all.filter((container) => wanted === undefined || matches(container, wanted));
    if (chosen.length === 0 && wanted !== undefined && !parsed.flags["follow"]) throw usageError(noMatch(stack, wanted, all));
    if (chosen.length === 0 && wanted !== undefined) terminal.line(`nothing of ${wanted} yet in stack "${stack}"; waiting for it to start`);
    const width = Math.max(0, ...all.map((container) => prefixOf(container).length));
    const print = printer(terminal, width);
    if (parsed.flags["follow"]) await follow(docker, stack, chosen, wanted, tail, print, signal);
    else {
      const lines = (await Promise.all(chosen.map((container) => read(docker, container, tail).catch(unlessStatus(404, 409))))).flatMap((read) => read ?? []);
      for (const line of lines.sort((a, b) => (a.time < b.time ? -1 : 1))) print(line);
    }
    return 0;
  },
};

/** Part and the end of the container's name, which tells replicas apart. */
function prefixOf(container: Dockerode.ContainerInfo): string {
  return `${partOf(container)} ${container.Id.slice(0, 4)}`;
}

function printer(terminal: Terminal, width: number): (line: Line) => void {
  const seen = new Map<string, (typeof colours)[number]>();
  return ({ prefix, text }) => {
    const colour = seen.get(prefix) ?? colours[seen.size % colours.length] ?? "cyan";
    seen.set(prefix, colour);
    terminal.result(`${terminal.resultStyle(colour, `${prefix.padEnd(width)} |`)} ${text}`);
  };
}

async function read(docker: Dockerode, container: Dockerode.ContainerInfo, tail: string): Promise<Line[]> {
  const lines: Line[] = [];
  const options = { stdout: true, stderr: true, timestamps: true, ...(tail === "all" ? {} : { tail: Number(tail) }) };
  const content = await docker.getContainer(container.Id).logs({ ...options, follow: false });
  await readLines(Readable.from([content], { objectMode: false }), prefixOf(container), (line) => lines.push(line));
  return lines;
}

async function follow(
  docker: Dockerode,
  stack: string,
  first: Dockerode.ContainerInfo[],
  wanted: string | undefined,
  tail: string,
  print: (line: Line) => void,
  signal: AbortSignal,
): Promise<void> {
  const attach = async (container: Dockerode.ContainerInfo, from: { tail?: number; since?: number }) => {
    const options = { stdout: true, stderr: true, timestamps: true, ...from };
    const stream = await docker.getContainer(container.Id).logs({ ...options, follow: true, abortSignal: signal });
    await readLines(stream as Readable, prefixOf(container), print);
  };
  // A container that starts again has printed its earlier lines already.
  const attachNew = async (id: string, since: number) => {
    const [container] = await docker.listContainers({ filters: { id: [id] } });
    if (container !== undefined && (wanted === undefined || matches(container, wanted))) await attach(container, { since });
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
  await Promise.race([Promise.all([ended, ...first.map((container) => attach(container, tail === "all" ? {} : { tail: Number(tail) }).catch(unlessStatus(404, 409)))]), aborted(signal)]);
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => void addAbortListener(signal, () => resolve()));
}

/** Each line is after its time. */
async function readLines(source: Readable, prefix: string, onLine: (line: Line) => void): Promise<void> {
  const lines = new PassThrough();
  const reader = createInterface({ input: lines }).on("line", (full) => {
    const space = full.indexOf(" ");
    onLine({ time: full.slice(0, space), prefix, text: full.slice(space + 1) });
  });
  const read = once(reader, "close");
  await demultiplex(source, lines, lines).catch(() => undefined); // an interruption closed it
  lines.end();
  await read;
}
