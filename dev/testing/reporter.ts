import type { TestEvent } from "node:test/reporters";
import { resolve } from "node:path";
import { inspect } from "node:util";

/** What the reporter writes for each test that has ended, a JSON line each. */
export interface TestLine {
  berthTest: true;
  result: "passed" | "failed" | "skipped";
  name: string;
  milliseconds: number;
  file?: string;
  detail?: string;
}

/** What it writes when a file's process has ended: its whole time, in milliseconds. */
export interface FileLine {
  berthFile: string;
  milliseconds: number;
}

/** Node's test runner loads this in its own process; a suite is no test, as in Node's own count, but where it is skipped or fails before its tests. */
export default async function* reporter(source: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  for await (const event of source) {
    if (event.type !== "test:complete" && event.type !== "test:pass" && event.type !== "test:fail") continue;
    const { name, file, skip, todo, details } = event.data;
    // The runner tells of a file as of a test whose name is its path.
    const wholeFile = file !== undefined && file === resolve(name);
    if (event.type === "test:complete") {
      if (wholeFile) yield `${JSON.stringify({ berthFile: file, milliseconds: details.duration_ms } satisfies FileLine)}\n`;
      continue;
    }
    // A file without a test passes.
    if (wholeFile && event.type === "test:pass") continue;
    const reason = skip ?? todo;
    const skipped = reason !== undefined && reason !== false;
    if (details.type === "suite" && !skipped && !(event.type === "test:fail" && failedBefore(event.data.details.error))) continue;
    const line: TestLine = { berthTest: true, result: "passed", name, milliseconds: details.duration_ms, file };
    if (skipped) {
      line.result = "skipped";
      line.detail = typeof reason === "string" && reason !== "" ? reason : skip === undefined ? "to be written" : "no reason given";
    } else if (event.type === "test:fail") {
      line.result = "failed";
      line.detail = describe(event.data.details.error);
    }
    yield `${JSON.stringify(line)}\n`;
  }
}

/** Whether a suite failed by itself and not by one of its tests: those say only that they were cancelled. */
function failedBefore(error: Error & { failureType?: string }): boolean {
  return error.failureType === "hookFailed";
}

/** The error that the test threw, not the runner's wrapper around it. */
function describe(error: Error & { cause?: unknown }): string {
  const { cause } = error;
  if (cause instanceof Error) return cause.stack ?? cause.message;
  if (typeof cause === "string") return cause;
  return inspect(cause ?? error, { depth: 4, colors: false });
}
