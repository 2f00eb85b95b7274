import { writeFileSync } from "node:fs";
import { relative } from "node:path";
import type { Project } from "../../cli/project.ts";
import { duration, table } from "../../cli/table.ts";

/** How long a step took, one test file of it, or one test. */
export interface Time {
  step: string;
  /** From the project's folder; undefined for the step as a whole. */
  file?: string;
  /** With its file; undefined for a whole file. */
  test?: string;
  milliseconds: number;
}

/** Below this a file is left out of the table that is printed, in milliseconds; the kept one has every file. */
const worthALine = 10_000;
/** Below this a test is left out of the table that is kept, in milliseconds. */
const worthKeeping = 1_000;

/** Where the time went: the steps, below them their files, and below these their tests, the slowest first. */
export function timesTable(times: readonly Time[], shortest: { file?: number; test?: number } = {}): string {
  const slowest = times.toSorted((a, b) => b.milliseconds - a.milliseconds);
  const steps = slowest.filter(({ file, test }) => file === undefined && test === undefined);
  const files = slowest.filter(({ file, milliseconds }) => file !== undefined && milliseconds >= (shortest.file ?? 0));
  const tests = slowest.filter(({ test, milliseconds }) => test !== undefined && milliseconds >= (shortest.test ?? 0));
  const rows = [...steps, ...files, ...tests].map(({ step, file = "", test = file, milliseconds }) => [duration(milliseconds), step, test]);
  return table(["time", "step", "file"], rows);
}

/** Keeps the whole table in `.berth/test/times.txt`; the part of it to print. */
export function keepTimes(project: Project, times: readonly Time[]): string {
  const file = project.generated("test", "times.txt");
  writeFileSync(file, `${timesTable(times, { test: worthKeeping })}\n`);
  return `${timesTable(times, { file: worthALine, test: Number.POSITIVE_INFINITY })}\neach file's and test's time: ${relative(project.folder, file)}`;
}
