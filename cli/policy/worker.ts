import { enableCompileCache, flushCompileCache } from "node:module";
import { parentPort, workerData } from "node:worker_threads";
import "../../pulumi/lighter-sdk.js";
import type { ProgramCheck } from "./check.ts";

/** Runs the program and the rules over it in a thread of its own: a program's modules can be loaded once only. */
const port = parentPort;
const { folder, stack, cache, ...given } = workerData as ProgramCheck;
process.on("unhandledRejection", () => undefined);
enableCompileCache(cache);

try {
  const { askedIn, recordProgram } = await import("../deploy/recorded-program.ts");
  const subjects = await recordProgram(folder, stack, given);
  // Loaded by the program before.
  const { loadDefinitions } = await import("../../config/definitions.ts");
  const { findingsOf } = await import("../../policy/rule.ts");
  const { rules } = await import("../../policy/rules.ts");
  const { settingsOf } = await import("../../policy/settings.ts");
  const settings = settingsOf(stack, given.values, await loadDefinitions(JSON.parse(given.values["berth:apps"] ?? "{}") as Record<string, unknown>));
  const findings = findingsOf(rules, subjects, settings);
  flushCompileCache();
  port?.postMessage({ findings, asked: askedIn(subjects) });
} catch (error) {
  const { programError } = await import("../../pulumi/program.ts");
  port?.postMessage({ problem: programError(error) });
}
