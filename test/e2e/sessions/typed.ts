import { spawn } from "node:child_process";
import type { Project, Run } from "../project.ts";

/** Runs `./berth` with something piped in; on a terminal of its own where `terminal` is true. */
export function typed(project: Project, args: string[], input: string, terminal = false, more: NodeJS.ProcessEnv = {}): Promise<Run> {
  const command = terminal ? "script" : "./berth";
  const words = terminal ? ["-qec", ["./berth", ...args.map((word) => `'${word}'`)].join(" "), "/dev/null"] : args;
  const child = spawn(command, words, { cwd: project.dir, env: { ...project.environment, TERM: "xterm", ...more }, stdio: ["pipe", "pipe", "pipe"] });
  const run: Run = { code: null, stdout: "", output: "" };
  child.stdout.setEncoding("utf8").on("data", (text: string) => (run.stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (run.output += text));
  child.stdin.end(input);
  return new Promise((resolve) => {
    child.on("close", (code) => resolve({ ...run, output: run.stdout + run.output, code }));
  });
}
