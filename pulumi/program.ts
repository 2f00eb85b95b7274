import { resolve } from "node:path";
import { setImmediate } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { Monitor, type Registrar } from "./monitor.ts";
import { loadSdk } from "./sdk.ts";
import type { Project, StackConfig } from "./stackfile.ts";

/** Turns of the event loop that are left to a finished program, for errors in what it did not wait for itself. */
const SETTLING_TURNS = 10;

/** Which program to run, and for which stack. */
export interface ProgramOptions {
  projectDir: string;
  project: Project;
  stack: string;
  config: StackConfig;
  dryRun: boolean;
}

/**
 * Runs the unchanged program with the SDK that it uses, in this process. Resolves when the program and every registration
 * are done; rejects with what the program threw. Once a process or worker: modules are loaded once.
 */
export async function runProgram(options: ProgramOptions, registrar: Registrar): Promise<void> {
  const { runtime, state, require } = loadSdk(options.projectDir);
  const monitor = new Monitor(registrar, require);
  await state.withLocalStorage(async () => {
    runtime.setMockOptions(monitor, options.project.name, options.stack, options.dryRun, "organization");
    const { settings } = state.getStore();
    settings.engine = monitor;
    settings.options["rootDirectory"] = options.projectDir;
    runtime.setAllConfig(options.config.values, options.config.secretKeys);
    await runtime.runInPulumiStack(() => load(options));
    for (let turn = 0; turn < SETTLING_TURNS; turn += 1) {
      await runtime.disconnect();
      await setImmediate();
    }
  });
}

/** Imports the entry point as the CLI's language host does: a default export alone, or named exports; a function is called. */
async function load(options: ProgramOptions): Promise<unknown> {
  const main = pathToFileURL(resolve(options.projectDir, options.project.main)).href;
  const module = (await import(main)) as Record<string, unknown>;
  if ("default" in module && Object.keys(module).length > 1) {
    throw new Error(`${options.project.main}: has a default export and named exports; only one kind can be the stack's outputs`);
  }
  const exported = "default" in module ? module["default"] : module;
  return typeof exported === "function" ? Reflect.apply(exported, undefined, []) : exported;
}

/** An error of the program as text: the message alone for errors meant for users, with the stack for all others. */
export function programError(error: unknown): string {
  if (!(error instanceof Error)) {
    return String(error);
  }
  const forUsers = "__pulumiRunError" in error || ("__pulumiResourceError" in error && "hideStack" in error && error.hideStack === true);
  return forUsers ? error.message : (error.stack ?? error.message);
}
