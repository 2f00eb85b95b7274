import { existsSync, readFileSync, renameSync } from "node:fs";
import { relative } from "node:path";
import { Lock } from "../../pulumi/lock.ts";
import type { Deployer } from "./deployer.ts";
import { type Deployment, realResources } from "./stack-state.ts";
import { type EmbeddedDeployer, embeddedState } from "./embedded.ts";
import { messageOf, OpsError } from "../exit.ts";
import { isUp } from "./ownership.ts";
import type { Project } from "../project.ts";
import type { PulumiDeployer } from "./pulumi.ts";

export interface TakeOver {
  project: Project;
  stack: string;
  from: Pick<EmbeddedDeployer, "settle">;
  to: Pick<PulumiDeployer, "adopt"> & Pick<Deployer, "state" | "description">;
  note: (text: string) => void;
}

/**
 * Gives the Pulumi CLI the state of a stack that the embedded engine made; nothing on the Docker host is touched.
 *
 * The state's file is put aside before the CLI has it, and kept after. So at no moment do both claim the stack, and at each
 * the state is in one of the two. Where this was interrupted, it goes on from there when it is called again.
 *
 * @throws OpsError where the CLI's state runs the stack already, or can't take it: then the embedded engine keeps it.
 */
export async function takeOver({ project, stack, from, to, note }: TakeOver): Promise<void> {
  const state = embeddedState(project, stack);
  const aside = asideOf(project, stack);
  if (!existsSync(aside)) {
    await from.settle();
    const lock = Lock.take(state);
    try {
      requireFree(stack, await to.state(), read(state).deployment, to.description, state);
      renameSync(state, aside);
    } finally {
      lock.release();
    }
  }
  const { version, deployment } = read(aside);
  if (!isSame(await to.state(), deployment)) await give({ stack, to, aside, state }, { version, deployment });
  const kept = project.generated("embedded", `${stack}.taken-over-${new Date().toISOString().replaceAll(":", "-").slice(0, 19)}.json`);
  renameSync(aside, kept);
  note(`stack "${stack}" is the Pulumi CLI's now: it has taken over the embedded engine's state with ${realResources(deployment).length} resources, which stays as a backup in ${relative(project.folder, kept)}`);
}

/** Whether a take-over has begun and not ended. */
export function isHandedOver(project: Project, stack: string): boolean {
  return existsSync(asideOf(project, stack));
}

function asideOf(project: Project, stack: string): string {
  return project.generated("embedded", `${stack}.handing-over.json`);
}

interface StateText {
  version: number;
  deployment: Deployment;
}

function read(file: string): StateText {
  return JSON.parse(readFileSync(file, "utf8")) as StateText;
}

/** Import, and a look at what has arrived. What could not be taken goes back to the embedded engine. */
async function give({ stack, to, aside, state }: Pick<TakeOver, "stack" | "to"> & { aside: string; state: string }, exported: StateText): Promise<void> {
  try {
    requireFree(stack, await to.state(), exported.deployment, to.description, aside);
    await to.adopt(exported);
    if (!isSame(await to.state(), exported.deployment)) throw new OpsError("the Pulumi CLI's state has other resources after the import");
  } catch (error) {
    // Where the CLI can't be asked, it may have the state: then the file stays aside.
    if (!isSame(await to.state(), exported.deployment)) renameSync(aside, state);
    throw new OpsError(`stack "${stack}" stays on the embedded engine, as the Pulumi CLI could not take it over: ${messageOf(error)}`);
  }
}

/** What the CLI has left of the stack, such as the volumes that `down` keeps, gives way; what runs does not. */
function requireFree(stack: string, theirs: Deployment, ours: Deployment, place: string, file: string): void {
  if (!isUp(theirs) || isSame(theirs, ours)) return;
  throw new OpsError(`stack "${stack}" is in two states that differ: ${file}, and ${place}. Keep the one whose containers run: to keep the CLI's, move that file away`);
}

function isSame(one: Deployment, other: Deployment): boolean {
  return identities(one) === identities(other);
}

function identities({ resources = [] }: Deployment): string {
  return resources.map(({ urn, id = "" }) => `${urn} ${id}`).toSorted().join("\n");
}
