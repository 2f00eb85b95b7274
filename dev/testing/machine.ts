import { existsSync } from "node:fs";
import { ensureEngine } from "../../cli/setup/engine.ts";
import { hubReachable } from "../../cli/setup/hub.ts";
import { ensureImages, findImages } from "../../cli/setup/images.ts";
import { which } from "../../cli/setup/pulumi.ts";
import type { Report } from "../../standins/report.ts";
import { docker } from "../../standins/docker.ts";

/** What a skip may depend on; `conditions` of skips.ts asks. */
export interface Machine {
  root: boolean;
  /** Whether the end-to-end tests may use the Pulumi CLI. */
  cli: boolean;
  /** Docker Hub answers. */
  hub: boolean;
  /** get.pulumi.com answers, from which the CLI comes. */
  downloads: boolean;
  /** `--slow`. */
  slow: boolean;
  /** A file of that path. */
  has: (path: string) => boolean;
  /** A program of that name on PATH. */
  program: (name: string) => boolean;
  environment: NodeJS.ProcessEnv;
}

export async function lookAtMachine(environment: NodeJS.ProcessEnv, cli: boolean, slow: boolean): Promise<Machine> {
  return {
    root: process.getuid?.() === 0,
    cli,
    hub: await hubReachable(),
    downloads: await fetch("https://get.pulumi.com", { method: "HEAD", signal: AbortSignal.timeout(3000) }).then(({ ok }) => ok, () => false),
    slow,
    has: existsSync,
    program: (name) => which(name, environment) !== undefined,
    environment,
  };
}

/**
 * Sees to the engine, and to every image that the tests use: those that Docker Hub has are pulled now, since a test that
 * looks at one alone pulls none.
 *
 * @throws SetupError, CommandError where one of them can't be had
 */
export async function prepare(folder: string, report: Report): Promise<void> {
  await ensureEngine(report, folder);
  await ensureImages(report);
  const { missing, without } = await findImages();
  if ((missing.length === 0 && without.length === 0) || !(await hubReachable())) return;
  const step = report.step("images");
  for (const reference of [...missing, ...without]) {
    step.progress?.(`pulling ${reference}`);
    await docker(["pull", "--quiet", reference]);
  }
  step.done(`${missing.length + without.length} pulled`);
}
