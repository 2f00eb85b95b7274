import { Worker } from "node:worker_threads";
import { EngineError, type Op, type StepEvent, type Summary } from "./events.ts";
import type { Command, RunOptions } from "./run.ts";

/** What every command needs. `stateFile` is made when it is not there; `parallel` limits Docker operations, 12 by default. */
export interface EngineOptions {
  projectDir: string;
  stack: string;
  passphrase: string;
  stateFile: string;
  /** The stack's settings. @default `Pulumi.<stack>.yaml` in `projectDir` */
  configFile?: string;
  onEvent?: (event: StepEvent) => void;
  parallel?: number;
  /** URNs of resources that are replaced even though nothing has changed, as by `pulumi up --replace`. */
  replace?: string[];
  /**
   * URNs of protected resources that the program may name no more: they leave the state, and what they stand for stays. Only
   * where they are retained on delete. @default none
   */
  letGo?: string[];
  /** URNs of the resources that are refreshed. @default all */
  only?: string[];
  /** URNs of the resources that may change; providers and the stack always may. As by `pulumi up --target`. @default all */
  targets?: readonly string[];
  /** URNs of resources that are neither looked at nor changed. As by `pulumi preview --exclude`. @default none */
  exclude?: readonly string[];
  /** Variables that the program finds beyond those of this process. */
  environment?: Record<string, string>;
  /** Cancels the run: what has begun is finished, nothing new begins. */
  signal?: AbortSignal;
}

/** What `destroy` leaves or takes beyond its default, which is to refuse when anything is protected. */
export interface DestroyOptions {
  /** Leaves protected resources and what they need, in the state too. Like `pulumi destroy --exclude-protected`. */
  keepProtected?: boolean;
  /** Deletes protected resources as well, and really deletes what is to be retained on delete. */
  everything?: boolean;
}

/** Shows what `up` would do. Changes nothing, takes no lock. */
export function preview(options: EngineOptions): Promise<Summary> {
  return start("preview", options);
}

/** Brings the stack to what the program says. */
export function up(options: EngineOptions): Promise<Summary> {
  return start("up", options);
}

/** Makes the state say what is really there; the summary's steps report what differs. */
export function refresh(options: EngineOptions): Promise<Summary> {
  return start("refresh", options);
}

/** Reports what `refresh` would, and changes nothing: neither the state nor the world. Takes no lock. */
export function compare(options: EngineOptions): Promise<Summary> {
  return start("compare", options);
}

/** Deletes the stack's resources, dependents first. */
export function destroy(options: EngineOptions, what: DestroyOptions = {}): Promise<Summary> {
  return start("destroy", options, what);
}

/** Ends what an interrupted run left, and brings the state's records to what this version writes. Runs no program. */
export function settle(options: EngineOptions): Promise<Summary> {
  return start("settle", options);
}

/** The outputs of the last `up`, from the state alone. */
export function outputs(options: EngineOptions): Promise<Summary> {
  return start("outputs", options);
}

/** The thread has nothing left to do, and yet there is no result. */
const NEVER_ENDS = "the program waits for something that never comes: a promise that nobody resolves, or resources that need each other";

async function start(command: Command, options: EngineOptions, what: DestroyOptions = {}): Promise<Summary> {
  // Its event has passed: it would be lost, and the whole update run.
  if (options.signal?.aborted === true) throw new EngineError(["interrupted before it began; nothing was changed"]);
  const { onEvent, signal, parallel, environment: _, ...run } = options;
  const workerData: RunOptions = { command, ...run, ...what };
  const env = { ...process.env, ...options.environment, ...(parallel === undefined ? {} : { BERTH_DOCKER_PARALLEL: String(parallel) }) };
  // A program of a thousand containers makes so many short-lived promises that collecting them is half of its time.
  const worker = new Worker(new URL("worker.ts", import.meta.url), { workerData, env, resourceLimits: { maxYoungGenerationSizeMb: 128 } });
  const cancel = (): void => {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a worker has no origin
    worker.postMessage("cancel");
  };
  signal?.addEventListener("abort", cancel, { once: true });
  const done = new Promise<Summary>((resolve, reject) => {
    worker.on("message", (message: { kind: string; event: StepEvent; summary: Summary; messages: string[] }) => {
      if (message.kind === "event") {
        onEvent?.(message.event);
      } else if (message.kind === "result") {
        resolve(message.summary);
      } else {
        reject(new EngineError(message.messages));
      }
    });
    worker.on("error", (error) => reject(new EngineError([error.message])));
    worker.on("exit", () => reject(new EngineError([NEVER_ENDS])));
  });
  try {
    return await done;
  } finally {
    signal?.removeEventListener("abort", cancel);
    await worker.terminate();
  }
}

export { EngineError };
export type { Op, StepEvent, Summary };
