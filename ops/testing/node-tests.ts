import { spawn } from "node:child_process";
import { globSync } from "node:fs";
import { join, relative } from "node:path";
import { createInterface } from "node:readline";
import type { Tally } from "./tally.ts";
import type { TestLine } from "./reporter.ts";

export interface NodeTests {
  folder: string;
  /** Glob of test files, from the folder. */
  files: string;
  /** Test files that another step runs, a glob as well. */
  except?: string;
  environment: NodeJS.ProcessEnv;
  /** Files at the same time. @default one per core but one */
  concurrency?: number;
  /** For one test, in milliseconds. */
  timeout: number;
  signal: AbortSignal;
  onTest: (line: TestLine, so: Tally) => void;
}

export function testFiles({ folder, files, except }: Pick<NodeTests, "folder" | "files" | "except">): string[] {
  const left = new Set(except === undefined ? [] : globSync(except, { cwd: folder }));
  return globSync(files, { cwd: folder }).filter((file) => !left.has(file)).sort();
}

/** Runs test files with Node's own runner, each in a process, and counts each test as it ends. */
export function runNodeTests(options: NodeTests): Promise<Tally> {
  const { folder, concurrency, timeout, signal, environment, onTest } = options;
  const tally: Tally = { passed: 0, failed: [], skipped: [] };
  const files = testFiles(options);
  if (files.length === 0) return Promise.resolve(tally);
  const reporter = join(import.meta.dirname, "reporter.ts");
  const parallel = concurrency === undefined ? [] : [`--test-concurrency=${concurrency}`];
  const args = ["--test", `--test-reporter=${reporter}`, "--test-reporter-destination=stdout", `--test-timeout=${timeout}`, ...parallel, ...files];
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
      else onTest(count(line, folder, tally), tally);
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => (other += text));
    child.on("error", reject);
    child.on("close", (code) => {
      signal.removeEventListener("abort", stop);
      if (code !== 0 && tally.failed.length === 0) tally.failed.push({ name: files.join(", "), detail: `node --test ended with ${code}\n${other.slice(-4000)}` });
      resolve(tally);
    });
  });
}

function count(line: TestLine, folder: string, tally: Tally): TestLine {
  const named = { ...line, name: line.file === undefined ? line.name : `${relative(folder, line.file)}: ${line.name}` };
  if (line.result === "passed") tally.passed += 1;
  else if (line.result === "failed") tally.failed.push({ name: named.name, detail: line.detail ?? "" });
  else tally.skipped.push({ name: named.name, reason: line.detail ?? "" });
  return named;
}

function parse(text: string): TestLine | undefined {
  if (!text.startsWith('{"berthTest"')) return undefined;
  return JSON.parse(text) as TestLine;
}
