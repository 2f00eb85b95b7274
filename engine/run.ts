import { join } from "node:path";
import { Deployment } from "./deployment.ts";
import { EngineError, EventLog, type StepEvent, type Summary } from "./events.ts";
import { withNeeds } from "./graph.ts";
import { Ledger } from "./ledger.ts";
import { Lock } from "../pulumi/lock.ts";
import { Operations } from "./operations.ts";
import { programError, runProgram } from "../pulumi/program.ts";
import { Reality } from "./reality.ts";
import { completeRecords, recover } from "./recovery.ts";
import { loadSdk } from "../pulumi/sdk.ts";
import { Registrations } from "./registrations.ts";
import { refreshAll } from "./refresh.ts";
import { removeAll } from "./removal.ts";
import { selectionOf } from "./selection.ts";
import { readProject, readStack, type Project, type StackConfig } from "../pulumi/stackfile.ts";
import { stackOutputs, StateFile } from "../pulumi/state.ts";
import { containsSecret, plain, showUnknown, type Props } from "../pulumi/values.ts";

export type Command = "preview" | "up" | "refresh" | "compare" | "destroy" | "settle" | "outputs";

/** A run's settings, as they are handed to the worker. */
export interface RunOptions {
  command: Command;
  projectDir: string;
  stack: string;
  passphrase: string;
  stateFile: string;
  configFile?: string | undefined;
  replace?: string[] | undefined;
  letGo?: string[] | undefined;
  only?: string[] | undefined;
  targets?: readonly string[] | undefined;
  exclude?: readonly string[] | undefined;
  keepProtected?: boolean | undefined;
  everything?: boolean | undefined;
}

/** Everything that one run works with. */
interface Session {
  options: RunOptions;
  project: Project;
  config: StackConfig;
  file: StateFile;
  ledger: Ledger;
  operations: Operations;
  events: EventLog;
  dryRun: boolean;
  signal: AbortSignal;
}

const NOTICE = "applied by the embedded engine, which is for trying and for tests; use the Pulumi CLI for anything that matters";

/** Carries out one command in this process. Throws an `EngineError` with everything that went wrong. */
export async function run(options: RunOptions, signal: AbortSignal, onEvent?: (event: StepEvent) => void): Promise<Summary> {
  const began = performance.now();
  const events = new EventLog(onEvent);
  const reads = options.command === "preview" || options.command === "compare" || options.command === "outputs";
  let lock: Lock | undefined;
  try {
    lock = reads ? undefined : Lock.take(options.stateFile);
    const session = await open(options, events, reads, signal);
    if (options.command !== "outputs") {
      events.diagnostic(NOTICE);
    }
    if (!reads) {
      await recover(session.file, session.ledger, session.operations, events);
      completeRecords(session.ledger);
    }
    await commands[options.command](session);
    return { changes: events.changes, outputs: visible(stackOutputs(session.ledger.all())), durationMs: Math.round(performance.now() - began), steps: events.steps };
  } catch (error) {
    throw error instanceof EngineError ? error : new EngineError([error instanceof Error ? error.message : String(error)]);
  } finally {
    lock?.release();
  }
}

const commands: Record<Command, (session: Session) => Promise<void>> = { preview: apply, up: apply, refresh: refreshAll, compare: refreshAll, destroy, settle: ({ ledger }) => ledger.flush(), outputs: () => Promise.resolve() };

async function open(options: RunOptions, events: EventLog, readOnly: boolean, signal: AbortSignal): Promise<Session> {
  const project = readProject(options.projectDir);
  const configFile = options.configFile ?? join(options.projectDir, `Pulumi.${options.stack}.yaml`);
  const reading = readStack(configFile, project.name, options.passphrase, !readOnly);
  if (options.command === "preview" || options.command === "up") {
    loadSdk(options.projectDir);
  }
  const config = await reading;
  const file = new StateFile(options.stateFile, config.crypter, readOnly);
  await file.load();
  const ledger = new Ledger(file);
  const dryRun = options.command === "preview";
  return { options, project, config, file, ledger, operations: new Operations(ledger, events, dryRun, signal), events, dryRun, signal };
}

/** Runs the program, then deletes what it no longer names; nothing is deleted when anything has failed. */
async function apply(session: Session): Promise<void> {
  const { options, project, config, ledger, operations, events, dryRun } = session;
  const unreachable = dryRun ? (error: Error) => events.diagnostic(`warning: ${error.message}; the plan takes the state's word for what is there`) : undefined;
  const selection = selectionOf(options);
  const deployment = new Deployment({ stack: options.stack, project: project.name, dryRun, replace: new Set(options.replace), selection }, ledger, operations, events, new Reality(unreachable));
  const registrations = new Registrations(deployment, ledger, events, session.signal);
  const stray = (error: unknown): void => registrations.fail([programError(error)]);
  process.on("unhandledRejection", stray).on("uncaughtException", stray);
  try {
    await Promise.race([runProgram({ projectDir: options.projectDir, project, stack: options.stack, config, dryRun }, registrations), registrations.failed]);
  } catch (error) {
    registrations.fail(error instanceof EngineError ? error.messages : [programError(error)]);
  }
  await registrations.settled();
  try {
    if (registrations.errors.length > 0) {
      throw new EngineError(registrations.errors);
    }
    registrations.complete();
    await removeAll([...ledger.rest].filter(({ urn }) => selection.has(urn)), operations, { protectedToo: false, retainedToo: false, letGo: new Set(options.letGo), signal: session.signal });
  } finally {
    process.off("unhandledRejection", stray).off("uncaughtException", stray);
    await ledger.flush();
  }
}

async function destroy(session: Session): Promise<void> {
  const { options, ledger, operations } = session;
  const all = ledger.all();
  const kept = options.keepProtected ? withNeeds(all.filter((resource) => resource.protect === true), all) : new Set();
  const everything = options.everything === true;
  await removeAll(all.filter((resource) => !kept.has(resource)), operations, { protectedToo: everything, retainedToo: everything, signal: session.signal });
  await ledger.flush();
}

function visible(outputs: Props): Summary["outputs"] {
  return Object.fromEntries(Object.entries(outputs).map(([key, value]) => [key, { value: showUnknown(plain(value)), secret: containsSecret(value) }]));
}

export type { Session };
