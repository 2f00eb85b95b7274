import { enableCompileCache, flushCompileCache } from "node:module";
import { dirname, join } from "node:path";
import { parentPort, workerData } from "node:worker_threads";
import "../pulumi/lighter-sdk.js";
import type { RunOptions } from "./run.ts";

/**
 * Runs one command in a thread of its own: a program's modules can be loaded once only, and what it throws at no one
 * must not end the process that asked. Modules are compiled once and kept beside the state: a third of a short run.
 */
const port = parentPort;
const cancel = new AbortController();
const options = workerData as RunOptions;

port?.once("message", () => cancel.abort());
port?.unref();
process.on("unhandledRejection", () => undefined);
enableCompileCache(join(dirname(options.stateFile), "compiled"));

void main();

async function main(): Promise<void> {
  try {
    const { run } = await import("./run.ts");
    const summary = await run(options, cancel.signal, (event) => port?.postMessage({ kind: "event", event }));
    flushCompileCache();
    port?.postMessage({ kind: "result", summary });
  } catch (error) {
    const { EngineError } = await import("./events.ts");
    port?.postMessage({ kind: "error", messages: error instanceof EngineError ? error.messages : [error instanceof Error ? error.stack : String(error)] });
  }
}
