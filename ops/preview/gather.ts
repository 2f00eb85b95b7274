import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { parse } from "yaml";
import type { Deployer, Outcome } from "../deployer.ts";
import { dockerClient } from "../docker.ts";
import type { Project } from "../project.ts";
import type { Host } from "./capacity.ts";
import { commitsBetween } from "./commits.ts";
import { type Facts, type Preview, previewOf } from "./preview.ts";
import type { Step } from "./tree.ts";

/** How long the Docker host may take to say what it has, in milliseconds. */
const deadline = 4000;

/** Asks for what the steps of a preview do not tell: state, stack file, commits, and what the Docker host has. */
export async function gather(project: Project, stack: string, deployer: Deployer, outcome: Outcome, steps: Step[], environment: NodeJS.ProcessEnv): Promise<Preview> {
  const [state, host] = await Promise.all([deployer.state(), hostOf(project, stack, environment)]);
  const file = parse(readFileSync(project.stackFile(stack), "utf8")) as { config?: Record<string, unknown> } | null;
  const facts: Facts = {
    stack,
    engine: deployer.engine,
    changes: outcome.changes,
    steps,
    state,
    settings: file?.config ?? {},
    commits: {},
    migrations: {},
    ...(host !== undefined && { host }),
  };
  // Which commits to ask for is known only once the images are.
  const folders = project.applications(stack);
  for (const { name, kind, images } of previewOf(facts).parts) {
    const image = images[0];
    if (kind === "application" && image !== undefined) facts.commits[name] = commitsBetween(project.folder, join("apps", folders[name] ?? name), image.revision.from, image.revision.to);
  }
  return previewOf(facts);
}

/** What the Docker host has; undefined where it does not answer in time, which a preview does not need. */
async function hostOf(project: Project, stack: string, environment: NodeJS.ProcessEnv): Promise<Host | undefined> {
  try {
    const docker = dockerClient(project.settings(stack).docker, environment);
    const info = (await Promise.race([docker.info(), delay(deadline, undefined, { ref: false })])) as { MemTotal: number; NCPU: number } | undefined;
    return info && { memory: Math.floor(info.MemTotal / 2 ** 20), cpus: info.NCPU };
  } catch {
    return undefined;
  }
}

/** Address of the remote of a checkout, for its forge. */
export function originOf(folder: string): string | undefined {
  try {
    return execFileSync("git", ["-C", folder, "remote", "get-url", "origin"], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim() || undefined;
  } catch {
    return undefined;
  }
}
