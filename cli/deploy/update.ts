import type Dockerode from "dockerode";
import { addresses, waitForAnswer } from "./answers.ts";
import { applyWithProgress } from "./apply.ts";
import type { Context } from "../command.ts";
import { bringBack, keep, type Kept } from "./bring-back.ts";
import type { Deployer, Outcome, ResourceEvent, RunOptions } from "./deployer.ts";
import { dataVolumes, foundAgain, keptNote, letGo } from "./data-volumes.ts";
import type { Asked } from "./recorded-program.ts";
import { failedJobs, nameOf } from "./stack-state.ts";
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
  /** Data volumes that are gone are begun anew, empty. @default refused */
  dataLost?: boolean;
}

/** Brings a stack to what its file says, on a machine that is ready for it. @throws OpsError with the cause of each failure. */
export async function applyStack(context: Context, stack: string, { docker, deployer, report, passphrase }: Target, { dataLost = false, ...options }: ApplyOptions = {}): Promise<Applied> {
  const { project, terminal, signal } = context;
  const policy = report.step("policy");
  let asked: Asked | undefined;
  try {
    asked = await deployer.checkPolicy({ signal, onEvent: ({ message }) => message !== undefined && report.note(message.trim()) });
    policy.done("keeps its rules");
  } catch (error) {
    policy.fail("nothing was changed");
    throw error;
  }
  const before = await deployer.state();
  heed(signal);
  const removed = await deployer.recover(docker, before);
  if (removed.length > 0) report.note(`removed, as an update that was killed left them half made: ${removed.join(", ")}`);
  const state = removed.length > 0 ? await deployer.state() : before;
  await requireOwnership(docker, stack, state);
  const host = await requireData(docker, { stack, state, asked, dataLost });
  heed(signal);
  const changedByHand = await repairDrift({ deployer, docker, stack, state, note: (text) => report.note(text), signal });
  heed(signal, "what was changed by hand is set back, and nothing else was changed");
  const jobs = failedJobs(state);
  if (jobs.length > 0) report.note(`runs again, as it failed last time: ${jobs.map(nameOf).join(", ")}`);
  const replace = [...new Set([...jobs, ...changedByHand])];
  const alone = await keep(docker, state);
  const failed: ResourceEvent[] = [];
  const [made, left] = [new Set<string>(), new Set<string>()];
  const update = (onEvent: (event: ResourceEvent) => void) =>
    deployer.up({
      ...options,
      replace,
      letGo: letGo(state, asked),
      signal,
      onEvent: (event) => {
        if (event.phase === "failed") failed.push(event);
        if (event.phase === "done" && event.op === "create") made.add(event.urn);
        if (event.phase === "done" && event.op === "delete") left.add(event.urn);
        onEvent(event);
      },
    });
  const outcome = await applyWithProgress(stack, terminal, report, update).catch(async (error: unknown) => {
    // What a program prints is in the message, and it may print whatever it knows.
    const known = await Promise.all([deployer.generated().catch(() => []), stackSecrets(project, stack, passphrase.value)]);
    for (const secret of known.flat()) terminal.redactor.hide(secret);
    if (signal.aborted) throw error;
    // The embedded engine's messages have their causes already.
    const told = deployer.engine === "pulumi" ? await withCauses(error, failed, docker, stack) : error;
    throw await withVersionBefore(told, alone, { docker, deployer });
  });
  const again = asked === undefined ? [] : foundAgain(asked, made, new Set(host.volumes.map(({ Name }) => Name)));
  if (again.length > 0) report.note(`on the Docker host already, and used again with the data in it: ${again.join(", ")}`);
  const kept = dataVolumes(state).filter(({ urn }) => left.has(urn)).map(nameOnHost);
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

/** Waits until each address of the stack's outputs answers; the addresses by name. @throws OpsError with the last answer of one that does not. */
export async function waitForAnswers({ outputs }: Outcome, report: Progress, signal: AbortSignal): Promise<Record<string, string>> {
  const found = addresses(outputs);
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
