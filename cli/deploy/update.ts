import type Dockerode from "dockerode";
import { addresses, waitForAnswer } from "./answers.ts";
import { applyWithProgress } from "./update-progress.ts";
import type { Context } from "../command.ts";
import { bringBack, keep, type Kept } from "./bring-back.ts";
import type { Deployer, Outcome, ResourceEvent, RunOptions } from "./deployer.ts";
import { dataVolumes, foundAgain, keptNote, letGo } from "./data-volumes.ts";
import { consentTo, leaving } from "./leaving.ts";
import type { Asked } from "./recorded-program.ts";
import { givenScope, partOf, type Scope } from "./scope.ts";
import { targetsOf } from "./shared-parts.ts";
import { type Deployment, failedJobs, nameOf } from "./stack-state.ts";
import { repairDrift } from "../drift/repair.ts";
import { nameOnHost } from "../drift/wanted.ts";
import { codeOf, messageOf, OpsError } from "../exit.ts";
import { heed } from "../interruption.ts";
import { withCauses } from "./failure.ts";
import { requireOwnership } from "./ownership.ts";
import { requireData } from "./volume-problems.ts";
import { stackSecrets } from "../preview/stack-secrets.ts";
import type { Progress } from "../progress.ts";

/** How long an address may take to answer after everything is healthy, in milliseconds. */
const answerDeadline = 60_000;

export interface Target {
  docker: Dockerode;
  deployer: Deployer;
  report: Progress;
  /** Opens the stack file's secrets, so that no message has one. */
  passphrase: { value: string };
}

export interface Applied extends Outcome {
  /** Data volumes that have left the stack and stay on the Docker host, by name. */
  kept: string[];
}

export interface ApplyOptions extends Pick<RunOptions, "note" | "plan" | "purge"> {
  /** Only these applications. @default all */
  apps?: readonly string[];
  /** Somebody has said that what leaves the stack may go. @default asked where the stack is production */
  agreed?: boolean;
  /** Data volumes that are gone are begun anew, empty. @default refused */
  dataLost?: boolean;
}

/** Brings a stack to what its file says, on a machine that is ready for it. @throws OpsError with the cause of each failure. */
export async function applyStack(context: Context, stack: string, { docker, deployer, report, passphrase }: Target, { apps = [], agreed = false, dataLost = false, ...options }: ApplyOptions = {}): Promise<Applied> {
  const { project, terminal, signal } = context;
  const known = apps.length === 0 ? undefined : await deployer.state();
  const scope = givenScope(stack, apps, known ?? {});
  const policy = report.step("policy");
  let asked: Asked | undefined;
  try {
    asked = await deployer.checkPolicy({ signal, scope, onEvent: ({ message }) => message !== undefined && report.note(message.trim()) });
    policy.done("keeps its rules");
  } catch (error) {
    policy.fail("nothing was changed");
    throw error;
  }
  const before = known ?? (await deployer.state());
  heed(signal);
  const removed = await deployer.recover(docker, before);
  if (removed.length > 0) report.note(`removed, as an update that was killed left them half made: ${removed.join(", ")}`);
  const state = removed.length > 0 ? await deployer.state() : before;
  await requireOwnership(docker, stack, state);
  const host = await requireData(docker, { stack, state, asked, dataLost });
  heed(signal);
  if (!agreed && asked !== undefined && project.isProduction(stack)) await consentTo(context, stack, leaving(partOf(state, scope), asked));
  const changedByHand = await repairDrift({ deployer, docker, stack, state, scope, note: (text) => report.note(text), signal });
  heed(signal, "what was changed by hand is set back, and nothing else was changed");
  const jobs = failedJobs(partOf(state, scope));
  if (jobs.length > 0) report.note(`runs again, as it failed last time: ${jobs.map(nameOf).join(", ")}`);
  const replace = [...new Set([...jobs, ...changedByHand])];
  const alone = await keep(docker, partOf(state, scope));
  const left = letGo(partOf(state, scope), asked);
  const ofScope = scope === undefined ? {} : { scope, targets: await sharedStays({ deployer, report }, stack, scope, { state, replace, letGo: left, signal }) };
  const failed: ResourceEvent[] = [];
  const [made, gone] = [new Set<string>(), new Set<string>()];
  const update = (onEvent: (event: ResourceEvent) => void) =>
    deployer.up({
      ...options,
      ...ofScope,
      replace,
      letGo: left,
      signal,
      onEvent: (event) => {
        if (event.phase === "failed") failed.push(event);
        if (event.phase === "done" && event.op === "create") made.add(event.urn);
        if (event.phase === "done" && event.op === "delete") gone.add(event.urn);
        onEvent(event);
      },
    });
  const outcome = await applyWithProgress(stack, terminal, report, update).catch(async (error: unknown) => {
    // What a program prints is in the message, and it may print whatever it knows.
    const secrets = await Promise.all([deployer.generated().catch(() => []), stackSecrets(project, stack, passphrase.value)]);
    for (const secret of secrets.flat()) terminal.redactor.hide(secret);
    if (signal.aborted) throw error;
    // The embedded engine's messages have their causes already.
    const told = deployer.engine === "pulumi" ? await withCauses(error, failed, docker, stack) : error;
    throw await withVersionBefore(told, alone, { docker, deployer });
  });
  const again = asked === undefined ? [] : foundAgain(asked, made, new Set(host.volumes.map(({ Name }) => Name)));
  if (again.length > 0) report.note(`on the Docker host already, and used again with the data in it: ${again.join(", ")}`);
  const kept = dataVolumes(state).filter(({ urn }) => gone.has(urn)).map(nameOnHost);
  if (kept.length > 0) report.note(keptNote(kept, project.settings(stack).docker));
  return { ...outcome, kept };
}

/** The error, with what became of applications whose old container was stopped before the new one: it is brought back. */
async function withVersionBefore(error: unknown, alone: readonly Kept[], { docker, deployer }: Pick<Target, "docker" | "deployer">): Promise<unknown> {
  if (alone.length === 0) return error;
  const said: string[] = [];
  try {
    const back = await bringBack(docker, alone, await deployer.state());
    if (back.length > 0) await deployer.putBack(back);
    said.push(...back.map(({ urn }) => `${nameOf(urn)} has a volume, so its old container was stopped before the new one was tried. The version before runs again, with the same volume.`));
  } catch (failure) {
    said.push(`an application with a volume is down: its old container was stopped before the new one was tried, and could not be made again: ${messageOf(failure)}. Go back by ./berth rollback, or repair the cause and run ./berth up.`);
  }
  return said.length === 0 ? error : new OpsError([messageOf(error), ...said].join("\n"), codeOf(error));
}

/** Sees by a preview that no shared part would change. @returns URNs of what may. @throws OpsError naming those that would. */
async function sharedStays({ deployer, report }: Pick<Target, "deployer" | "report">, stack: string, scope: Scope, { state, ...run }: { state: Deployment; replace: string[]; letGo: string[]; signal: AbortSignal }): Promise<string[]> {
  const step = report.step("shared");
  try {
    const events: ResourceEvent[] = [];
    await deployer.preview({ ...run, scope, onEvent: (event) => void events.push(event) });
    const targets = targetsOf(stack, scope, state, events);
    step.done(`the platform stays as it is; no other application than ${scope.apps.join(", ")} is looked at`);
    return targets;
  } catch (error) {
    step.fail("nothing was changed");
    throw error;
  }
}

/**
 * Waits until each address of the stack's outputs answers; the addresses by name.
 *
 * @param apps Only those of these applications. @default all
 * @throws OpsError with the last answer of one that does not.
 */
export async function waitForAnswers({ outputs }: Outcome, report: Progress, signal: AbortSignal, apps: readonly string[] = []): Promise<Record<string, string>> {
  const found = Object.fromEntries(Object.entries(addresses(outputs)).filter(([path]) => apps.length === 0 || apps.includes(path)));
  await Promise.all(
    Object.entries(found).map(async ([name, url]) => {
      const step = report.step("answer");
      step.progress?.(`waiting for ${url}`);
      try {
        step.done(`${name} at ${url}: ${await waitForAnswer(url, answerDeadline, signal)}`);
      } catch (error) {
        step.fail(messageOf(error));
        throw error;
      }
    }),
  );
  return found;
}
