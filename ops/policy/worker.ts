import { enableCompileCache, flushCompileCache } from "node:module";
import { parentPort, workerData } from "node:worker_threads";
import type { CheckOptions } from "./check.ts";

/** Runs the program and the rules over it in a thread of its own: a program's modules can be loaded once only. */
const port = parentPort;
const { folder, stack, cache } = workerData as CheckOptions;
process.on("unhandledRejection", () => undefined);
enableCompileCache(cache);

try {
  const { recordProgram, stackValues } = await import("../recorded-program.ts");
  const given = stackValues(folder, stack);
  const subjects = await recordProgram(folder, stack, given);
  // Those of the project that is applied.
  const [{ loadDefinitions }, { findingsOf }, { rules }, { settingsOf }] = await Promise.all([import("../../config.ts"), import("../../policy/rule.ts"), import("../../policy/rules.ts"), import("../../policy/settings.ts")]);
  const settings = settingsOf(stack, given.values, await loadDefinitions(JSON.parse(given.values["berth:apps"] ?? "{}") as Record<string, unknown>));
  const findings = findingsOf(rules, subjects, settings);
  flushCompileCache();
  port?.postMessage({ findings });
} catch (error) {
  const { programError } = await import("../../engine/program.ts");
  port?.postMessage({ problem: programError(error) });
}
