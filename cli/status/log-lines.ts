import { once } from "node:events";
import { createInterface } from "node:readline";
import { PassThrough, Readable } from "node:stream";
import type Dockerode from "dockerode";
import { labels, partOf } from "../../docker/labels.ts";
import { demultiplex } from "../../docker/frames.ts";

/** One line of a container's output. */
export interface Line {
  /** When Docker got it: RFC 3339 in UTC, to the nanosecond, so that texts sort as times do. */
  time: string;
  container: Dockerode.ContainerInfo;
  stream: "stdout" | "stderr";
  text: string;
}

/** Where the lines of a container begin. */
export interface From {
  /** So many of the last ones. @default all */
  tail?: number;
  /** Seconds since 1970. @default the first that is kept */
  since?: number;
}

const options = { stdout: true, stderr: true, timestamps: true };

/** The lines that a container has printed. */
export async function readLog(docker: Dockerode, container: Dockerode.ContainerInfo, from: From): Promise<Line[]> {
  const lines: Line[] = [];
  const content = await docker.getContainer(container.Id).logs({ ...options, ...from, follow: false });
  await readLines(Readable.from([content], { objectMode: false }), container, (line) => lines.push(line));
  return lines;
}

/** Each line as it comes, until the container or `signal` ends it. */
export async function followLog(docker: Dockerode, container: Dockerode.ContainerInfo, from: From, onLine: (line: Line) => void, signal: AbortSignal): Promise<void> {
  const stream = await docker.getContainer(container.Id).logs({ ...options, ...from, follow: true, abortSignal: signal });
  await readLines(stream as Readable, container, onLine);
}

/** What `--json` prints of a line: one object, on one line. A part of the platform has no application. */
export function jsonOf({ time, container, stream, text }: Line): string {
  const app = container.Labels[labels.app];
  return JSON.stringify({ time, ...(app !== undefined && { app }), part: partOf(container), container: container.Names[0]?.slice(1) ?? container.Id.slice(0, 12), stream, line: text });
}

/** Each line is after its time. */
async function readLines(source: Readable, container: Dockerode.ContainerInfo, onLine: (line: Line) => void): Promise<void> {
  const outputs = (["stdout", "stderr"] as const).map((stream) => {
    const output = new PassThrough();
    const reader = createInterface({ input: output }).on("line", (full) => {
      const space = full.indexOf(" ");
      onLine({ time: full.slice(0, space), container, stream, text: full.slice(space + 1) });
    });
    return { output, read: once(reader, "close") };
  });
  const [stdout, stderr] = outputs as [(typeof outputs)[0], (typeof outputs)[0]];
  await demultiplex(source, stdout.output, stderr.output).catch(() => undefined); // an interruption closed it
  for (const { output } of outputs) output.end();
  await Promise.all(outputs.map(({ read }) => read));
}
