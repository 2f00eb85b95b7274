import { spawn } from "node:child_process";
import { join, relative } from "node:path";
import { createInterface } from "node:readline";
import type { Tally } from "./tally.ts";
import type { FileLine, TestLine } from "./reporter.ts";

/** Who is told while tests run. */
export interface Watch {
  test: (line: TestLine) => void;
  /** A file has ended after so many milliseconds; its path is from the folder. */
  file: (file: string, milliseconds: number) => void;
}

export interface NodeTests {
  folder: string;
  /** From the folder. */
  files: readonly string[];
  /** Stands after each test's name, for example ` (embedded)`. */
  suffix?: string;
  environment: NodeJS.ProcessEnv;
  /** A module that each file's process loads first. */
  preload?: string;
  /** Files at the same time. @default one per core but one */
  concurrency?: number;
  /** For one test, in milliseconds. */
  timeout: number;
  signal: AbortSignal;
  watch: Watch;
}

/** Runs test files with Node's own runner, each in a process, and counts each test as it ends. A file without a test is a failure. */
export function runNodeTests(options: NodeTests): Promise<Tally> {
  const { folder, files, suffix = "", preload, concurrency, timeout, signal, environment, watch } = options;
  const tally: Tally = { passed: 0, failed: [], skipped: [] };
  const silent = new Set(files);
  if (files.length === 0) return Promise.resolve(tally);
  const reporter = join(import.meta.dirname, "reporter.ts");
  const parallel = concurrency === undefined ? [] : [`--test-concurrency=${concurrency}`];
  const args = ["--test", `--test-reporter=${reporter}`, "--test-reporter-destination=stdout", `--test-timeout=${timeout}`, ...parallel, ...(preload === undefined ? [] : ["--import", preload]), ...files];
  // A test that runs a test runner must not talk to this one.
  const { NODE_TEST_CONTEXT: _, ...clean } = environment;
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { cwd: folder, env: clean, stdio: ["ignore", "pipe", "pipe"] });
    let other = "";
    const stop = () => child.kill("SIGTERM");
    signal.addEventListener("abort", stop, { once: true });
    createInterface({ input: child.stdout }).on("line", (text) => {
      const line = parse(text);
      if (line === undefined) other += `${text}\n`;
      else if ("berthFile" in line) watch.file(relative(folder, line.berthFile), line.milliseconds);
      else {
        const file = relative(folder, line.file ?? "");
        // Tests that a file takes from others are of those: by themselves they tell nothing of who took them.
        silent.delete(files.length === 1 ? (files[0] as string) : file);
        watch.test(count({ ...line, name: line.file === undefined ? line.name : `${file}: ${line.name}${suffix}` }, tally));
      }
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => (other += text));
    child.on("error", reject);
    child.on("close", (code) => {
      signal.removeEventListener("abort", stop);
      if (code !== 0 && tally.failed.length === 0) tally.failed.push({ name: files.join(", "), detail: `node --test ended with ${code}\n${other.slice(-4000)}` });
      if (code === 0) for (const file of silent) tally.failed.push({ name: `${file}${suffix}`, detail: "no test of it ran" });
      resolve(tally);
    });
  });
}

function count(line: TestLine, tally: Tally): TestLine {
  if (line.result === "passed") tally.passed += 1;
  else if (line.result === "failed") tally.failed.push({ name: line.name, detail: line.detail ?? "" });
  else tally.skipped.push({ name: line.name, reason: line.detail ?? "" });
  return line;
}

function parse(text: string): TestLine | FileLine | undefined {
  if (!/^\{"berth(?:Test|File)"/.test(text)) return undefined;
  return JSON.parse(text) as TestLine | FileLine;
}
