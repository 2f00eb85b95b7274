import { parentPort, workerData } from "node:worker_threads";
import { EngineError } from "./events.ts";
import { run, type RunOptions } from "./run.ts";

/**
 * Runs one command in a thread of its own: a program's modules can be loaded once only, and what it throws at no one
 * must not end the process that asked.
 */
const port = parentPort;
const cancel = new AbortController();

port?.once("message", () => cancel.abort());
process.on("unhandledRejection", () => undefined);

run(workerData as RunOptions, cancel.signal, (event) => port?.postMessage({ kind: "event", event })).then(
  (summary) => finish({ kind: "result", summary }),
  (error: unknown) => finish({ kind: "error", messages: error instanceof EngineError ? error.messages : [String(error)] }),
);

function finish(message: object): void {
  port?.postMessage(message);
  port?.unref();
}
