import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { isAbsolute } from "node:path";
import type Dockerode from "dockerode";
import { contextHash } from "../../pulumi/docker-build/context-hash.ts";
import { letGo } from "../deploy/data-volumes.ts";
import type { Deployer } from "../deploy/deployer.ts";
import { failedJobs } from "../deploy/stack-state.ts";
import { repairable } from "../drift/repair.ts";
import { driftLine } from "../drift/text.ts";
import { type OpsError, refusedError, usageError } from "../exit.ts";
import type { Project } from "../project.ts";
import { types } from "../../pulumi/resource-types.ts";
import { misfits, type Plan, type Planned, planOf } from "./plan.ts";
import { type Step, stepOf } from "./tree.ts";

/** Where the Pulumi CLI writes or reads its own plan. */
export function pulumiPlanFile(project: Project, stack: string): string {
  return project.generated("stacks", `${stack}.plan.json`);
}

/** Writes a plan, for its owner's eyes alone; the CLI's own is taken up into it. */
export async function savePlan(file: string, project: Project, planned: Omit<Planned, "settings" | "contexts">): Promise<void> {
  const plan = planOf(await withFiles(project, planned), new Date());
  const own = pulumiPlanFile(project, planned.stack);
  if (existsSync(own)) plan.pulumi = JSON.parse(readFileSync(own, "utf8"));
  rmSync(own, { force: true });
  writeFileSync(file, `${JSON.stringify(plan)}\n`, { mode: 0o600 });
}

/** @throws OpsError (2) for a file that is none. */
export function readPlan(file: string): Plan {
  if (!existsSync(file)) throw usageError(`--plan: there is no file ${file}; ./berth preview --save-plan ${file} makes one`);
  try {
    const plan = JSON.parse(readFileSync(file, "utf8")) as Plan;
    if (plan.berthPlan === 1 && Array.isArray(plan.steps)) return plan;
  } catch {
    // told below
  }
  throw usageError(`--plan: ${file} is not a plan of ./berth preview --save-plan`);
}

export interface PlanTarget {
  project: Project;
  stack: string;
  deployer: Deployer;
  docker: Dockerode;
  signal: AbortSignal;
}

/**
 * Sees that a plan is still what an update would do: same state, same settings, nothing changed by hand on the Docker
 * host, and a new preview with the same steps. Changes nothing.
 *
 * @returns Options for the update.
 * @throws OpsError saying what has moved, and how to go on.
 */
export async function requirePlan(file: string, plan: Plan, { project, stack, deployer, docker, signal }: PlanTarget): Promise<{ plan?: string }> {
  const state = await deployer.state();
  const steps: Step[] = [];
  const early = misfits({ ...plan, steps: [] }, await withFiles(project, { stack, engine: deployer.engine, state, steps: [] }));
  const drifted = early.length > 0 ? [] : await repairable(docker, stack, state);
  if (early.length > 0 || drifted.length > 0) throw refused(file, stack, [...early, ...drifted.map((drift) => `Changed by hand on the Docker host: ${driftLine(drift)}`)]);
  const asked = await deployer.asked({ signal });
  await deployer.preview({
    signal,
    letGo: letGo(state, asked),
    replace: failedJobs(state),
    onEvent: (event) => {
      const step = stepOf(event);
      if (step !== undefined) steps.push(step);
    },
  });
  const reasons = misfits(plan, await withFiles(project, { stack, engine: deployer.engine, state, steps }));
  if (reasons.length > 0) throw refused(file, stack, reasons);
  if (plan.pulumi === undefined) return {};
  const own = pulumiPlanFile(project, stack);
  writeFileSync(own, JSON.stringify(plan.pulumi), { mode: 0o600 });
  return { plan: own };
}

function refused(file: string, stack: string, reasons: string[]): OpsError {
  return refusedError(
    [`the plan ${file} is refused, and nothing was changed:`, ...reasons.map((reason) => `  ${reason}`), `Look at what would happen now, and save that: ./berth preview -s ${stack} --save-plan ${file}`].join("\n"),
  );
}

async function withFiles(project: Project, planned: Omit<Planned, "settings" | "contexts">): Promise<Planned> {
  const contexts: Record<string, string> = {};
  for (const { type, urn, detail } of planned.steps) {
    const { context, dockerfile } = (detail.after ?? {}) as { context?: { location?: unknown }; dockerfile?: { location?: unknown } };
    const folder = context?.location;
    if (type !== types.built || typeof folder !== "string" || !isAbsolute(folder)) continue;
    contexts[urn] = await contextHash(folder, typeof dockerfile?.location === "string" ? dockerfile.location : `${folder}/Dockerfile`);
  }
  return { ...planned, settings: project.readStack(planned.stack).config ?? {}, contexts };
}
