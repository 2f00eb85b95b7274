import { writeFileSync } from "node:fs";
import { relative } from "node:path";
import type { Project } from "../../cli/project.ts";
import { duration, table } from "../../cli/table.ts";

/** How long a step took, or one test file of it. */
export interface Time {
  step: string;
  /** From the project's folder; undefined for the step as a whole. */
  file?: string;
  milliseconds: number;
}

/** Below this a file is left out of the table that is printed, in milliseconds; the kept one has every file. */
const worthALine = 10_000;

/** Where the time went: the steps, and below them their files, the slowest first. */
export function timesTable(times: readonly Time[], shortest = 0): string {
  const slowest = times.toSorted((a, b) => b.milliseconds - a.milliseconds);
  const steps = slowest.filter(({ file }) => file === undefined);
  const files = slowest.filter(({ file, milliseconds }) => file !== undefined && milliseconds >= shortest);
  const rows = [...steps, ...files].map(({ step, file = "", milliseconds }) => [duration(milliseconds), step, file]);
  return table(["time", "step", "file"], rows);
}

/** Keeps the whole table in `.berth/test/times.txt`; the part of it to print. */
export function keepTimes(project: Project, times: readonly Time[]): string {
  const file = project.generated("test", "times.txt");
  writeFileSync(file, `${timesTable(times)}\n`);
  return `${timesTable(times, worthALine)}\neach file's time: ${relative(project.folder, file)}`;
}
