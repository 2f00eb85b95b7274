import { execFile } from "node:child_process";
import { globSync } from "node:fs";
import { join } from "node:path";
import type { Context } from "../../cli/command.ts";
import { ensureLinter, type Linter } from "../../cli/setup/linters.ts";
import { failedOne, passedOne, skippedOne, sum, type Tally } from "./tally.ts";

/** A program whose exit code is the result; what it printed is the detail. `read` counts more than one. */
export function check(
  name: string,
  { project, environment, signal }: Context,
  file: string,
  args: string[],
  read: (output: string) => Tally = passedOne,
): Promise<Tally> {
  return new Promise((resolve) => {
    execFile(file, args, { cwd: project.folder, env: environment, signal, maxBuffer: 2 ** 26, timeout: longest }, (error, out, errors) => {
      const late = error?.killed === true ? `\nended after ${longest / 60_000} min` : "";
      resolve(error === null ? read(out) : failedOne(name, `${out}${errors}`.trim() + late || error.message));
    });
  });
}

/** A limit for what hangs, in milliseconds: a first build of Rust's dependencies is the longest. */
const longest = 30 * 60_000;

/** A program of node_modules, run by this Node. */
export function packageCheck(name: string, context: Context, path: string, args: string[]): Promise<Tally> {
  return check(name, context, process.execPath, [join(context.project.folder, "node_modules", path), ...args]);
}

export function schemaCheck(context: Context): Promise<Tally> {
  return check("schema", context, process.execPath, [join(context.project.folder, "dev", "schema.ts"), "--check"]);
}

/** Files that each linter reads, and the arguments before them. */
const linted: Record<Linter, { files: string[]; args: string[] }> = {
  actionlint: { files: [".github/workflows/*.yml"], args: [] },
  zizmor: { files: [".github/workflows/*.yml"], args: ["--offline", "--no-progress"] },
  // Base images are named by the lock file, Debian's packages by their release, and its sh knows no pipefail.
  hadolint: { files: ["apps/**/Dockerfile", "images/*/Dockerfile"], args: ["--no-color", "--ignore", "DL3006", "--ignore", "DL3008", "--ignore", "DL4006"] },
  shellcheck: { files: ["berth", ".ci/run", "apps/**/*.sh", "images/**/*.sh"], args: [] },
};

/** Workflows, Dockerfiles and shell scripts, by linters that npm does not carry. */
export async function otherLinters(context: Context): Promise<Tally> {
  const { project } = context;
  const work = Object.entries(linted) as [Linter, (typeof linted)[Linter]][];
  return sum(
    await Promise.all(
      work.map(async ([linter, { files, args }]) => {
        const found = globSync(files, { cwd: project.folder }).sort();
        if (found.length === 0) return failedOne(linter, `no file is ${files.join(" or ")}`);
        const tool = await ensureLinter(project, linter);
        return "reason" in tool ? skippedOne(`linters: ${linter}`, tool.reason) : check(linter, context, tool.path, [...args, ...found]);
      }),
    ),
  );
}
