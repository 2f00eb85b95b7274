import { readFile } from "node:fs/promises";
import { parseImage } from "../images/image-digests.ts";
import type { Login } from "../deploy/registry-login.ts";
import { realResources } from "../deploy/stack-state.ts";
import { stackContainers } from "../../docker/labels.ts";
import { driftOf } from "../drift/compare.ts";
import { driftLine } from "../drift/text.ts";
import { messageOf, OpsError, refusedError } from "../exit.ts";
import type { Project } from "../project.ts";
import { tasksOf } from "../status/service-tasks.ts";
import { type Check, type Refusal, refusalText } from "./check.ts";
import { absenceOf } from "./absent.ts";
import { requireCareful } from "./careful.ts";
import type { Base, Checkout } from "./checkout.ts";
import { healthRefusal } from "./health.ts";
import { historyOf, migrationsRefusal } from "./history.ts";
import { missingSecrets } from "./needs.ts";
import { planOf, takenIn } from "./plan.ts";
import type { Promotion } from "./report.ts";
import { type Running, runningIn, type Side } from "./running.ts";
import { sourceRefusal } from "./source.ts";
import { addressOf, prefixOf } from "../../config/settings/registry.ts";
import { type StackValues, valuesOf } from "./stack-file.ts";

export interface PromoteOptions {
  project: Project;
  checkout: Checkout;
  base: Base;
  from: Side;
  to: Side;
  /** Seconds. */
  healthyFor: number;
  force: ReadonlySet<Check>;
  /** Told what is looked at. */
  onProgress: (text: string) => void;
  signal: AbortSignal;
}

export interface Looked extends Promotion {
  /** Text of the other stack's file on the base branch. */
  text: string;
  values: StackValues;
  /** What the file of the stack that is promoted from says. */
  fromValues: StackValues;
  /** Checks that `--force` named and that held. */
  needless: Check[];
}

/**
 * Looks at both stacks, and changes nothing.
 *
 * @throws OpsError with every check that does not hold and was not forced, or where there is nothing to look at.
 */
export async function lookAtPromotion(options: PromoteOptions): Promise<Looked> {
  const { project, checkout, base, from, to, force, onProgress } = options;
  onProgress("reading the states");
  const file = `Pulumi.${to.stack}.yaml`;
  const text = await checkout.fileIn(base.commit, file);
  if (text === undefined) throw new OpsError(`branch ${base.branch} has no ${file}, which the promotion would change: commit it${base.origin === undefined ? "" : " and push it"} first`);
  const [running, there] = [await runningIn(from.deployer), await runningIn(to.deployer)];
  if (Object.keys(running.images).length === 0) throw new OpsError(`stack "${from.stack}" runs no image of an application: ./berth up -s ${from.stack} first`);
  const values = valuesOf(text);
  const fromValues = valuesOf(await readFile(project.stackFile(from.stack), "utf8"));
  const plan = planOf(running, there, fromValues, values);
  const found: Looked = { from: from.stack, to: to.stack, plan, histories: [], healthyFor: options.healthyFor, forced: [], secrets: [], text, values, fromValues, needless: [] };
  if (takenIn(plan).length === 0) return found;
  await requireCareful(from, to.stack, Object.fromEntries(plan.promoted.map(({ name }) => [name, running.images[name] ?? ""])));

  onProgress("reading the history");
  const absent = await absenceOf(to, there, values);
  for (const app of plan.promoted) found.histories.push(await historyOf(checkout, app, there.images[app.name] !== undefined, absent));
  found.secrets = await missingSecrets(project.folder, plan.promoted, to.stack, values);
  onProgress(`looking at the containers of ${from.stack}, and for drift of ${to.stack}`);
  const live = Object.entries(fromValues.apps).filter(([, app]) => app.live === true).map(([name]) => name);
  const refusals = [
    await healthOf(from, running, options.healthyFor),
    await sourceRefusal(checkout, base, plan, live, from.stack),
    await driftRefusal(to, absent, options.signal),
    migrationsRefusal(found.histories, to.stack),
  ].filter((refusal) => refusal !== undefined);
  const standing = refusals.filter(({ check }) => !force.has(check));
  if (standing.length > 0) throw refusedError(refusalText(from.stack, to.stack, standing));
  found.forced = refusals;
  found.needless = [...force].filter((check) => !refusals.some((refusal) => refusal.check === check));
  return found;
}

async function healthOf({ stack, docker }: Side, { state }: Running, healthyFor: number): Promise<Refusal | undefined> {
  const listed = await stackContainers(docker, stack);
  const containers = (await Promise.allSettled(listed.map(({ Id }) => docker.getContainer(Id).inspect()))).flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
  const { SystemTime } = (await docker.info()) as { SystemTime?: string };
  const tasks = await tasksOf(docker, realResources(state));
  return healthRefusal({ stack, state, containers, tasks, now: SystemTime === undefined ? new Date() : new Date(SystemTime), healthyFor });
}

/** A stack that never was up has no drift; one that can't be looked at, or only in the wrong state, may have any. */
async function driftRefusal({ deployer, docker, stack }: Side, absent: string | undefined, signal: AbortSignal): Promise<Refusal | undefined> {
  if (absent !== undefined) {
    return { check: "drift", because: [absent], remedy: `name the state of ${stack} by PULUMI_BACKEND_URL (docs/backends.md); where ${stack} is not up, ./berth up -s ${stack} first` };
  }
  try {
    const { drifts } = await driftOf({ deployer, docker, stack, signal });
    const harmful = drifts.filter((drift) => drift.harmful);
    if (harmful.length === 0) return undefined;
    const repairs = [...new Set(harmful.map(({ repair }) => repair))];
    return { check: "drift", because: harmful.map(driftLine), remedy: `./berth drift -s ${stack} tells the reasons; repair it: ${repairs.join("; ")}` };
  } catch (error) {
    if (signal.aborted) throw error;
    return { check: "drift", because: [`${stack} can't be looked at: ${messageOf(error)}`], remedy: `run it where ./berth drift -s ${stack} works` };
  }
}

/** The login of each registry that an image is copied between; docker's own where none is known. */
export async function loginsFor({ from, to }: PromoteOptions, source: string, values: StackValues, password: string | undefined): Promise<Record<string, Login | undefined>> {
  const sourceAddress = parseImage(source).repository.split("/")[0] ?? "";
  const targetAddress = addressOf(values.registry);
  const username = "port" in values.registry ? undefined : values.registry.username;
  const given = username !== undefined && password !== undefined ? { username, password } : undefined;
  const target = given ?? (await to.deployer.login(targetAddress));
  const own = await from.deployer.login(sourceAddress);
  return sourceAddress === targetAddress ? { [sourceAddress]: own ?? target } : { [sourceAddress]: own, [targetAddress]: target };
}

/** A registry that a stack runs itself answers on its own Docker host alone. */
export function requireReachable(fromHost: string | undefined, to: string, toHost: string | undefined, { registry }: StackValues): void {
  if (!("port" in registry) || (fromHost ?? "") === (toHost ?? "")) return;
  throw new OpsError(`stack "${to}" has a registry of its own, ${prefixOf(registry)} of its Docker host, which ${fromHost ?? "this machine"} does not reach: give it one that both reach, berth:registry: {host: …, owner: …, username: …}`);
}
