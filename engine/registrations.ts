import type { Deployment } from "./deployment.ts";
import { EngineError, type EventLog } from "./events.ts";
import type { Goal } from "../pulumi/goal.ts";
import type { Ledger } from "./ledger.ts";
import type { Registered, Registrar } from "../pulumi/monitor.ts";
import { qualifiedType } from "../pulumi/urn.ts";
import { UNKNOWN, type Props } from "../pulumi/values.ts";

/** Registrations that are under way. After the first failure no new one begins, and none is answered. */
export class Registrations implements Registrar {
  readonly name = "the embedded engine; use the Pulumi CLI for this program";
  readonly errors: string[] = [];
  readonly failed: Promise<never>;
  readonly #deployment: Deployment;
  readonly #ledger: Ledger;
  readonly #events: EventLog;
  readonly #running = new Set<Promise<unknown>>();
  #stackOutputs: { urn: string; outputs: Props } | undefined;
  #reject: (error: Error) => void = () => undefined;

  constructor(deployment: Deployment, ledger: Ledger, events: EventLog, signal: AbortSignal) {
    this.#deployment = deployment;
    this.#ledger = ledger;
    this.#events = events;
    this.failed = new Promise((_resolve, reject) => {
      this.#reject = reject;
    });
    this.failed.catch(() => undefined);
    signal.addEventListener("abort", () => this.fail(["the run was cancelled"]));
  }

  async register(goal: Goal, unread: readonly string[]): Promise<Registered> {
    if (unread.length > 0) {
      this.fail([`${goal.name} (${goal.type}): not supported by the embedded engine: ${unread.join(", ")}. Take it out, or use the Pulumi CLI`]);
    }
    if (this.errors.length > 0) {
      return new Promise(() => undefined);
    }
    const job = this.#deployment.register(goal);
    this.#running.add(job);
    try {
      const { urn, id, outputs } = await job;
      return { urn, id: id === UNKNOWN ? "" : (id ?? ""), outputs: outputs ?? {} };
    } catch (error) {
      this.fail(error instanceof EngineError ? error.messages : [error instanceof Error ? error.message : String(error)]);
      return new Promise(() => undefined);
    } finally {
      this.#running.delete(job);
    }
  }

  registerOutputs(urn: string, outputs: Props): void {
    if (qualifiedType(urn) === "pulumi:pulumi:Stack") this.#stackOutputs = { urn, outputs };
    else this.#deployment.registerOutputs(urn, outputs);
  }

  /** Records the stack's outputs. Of a program that throws the SDK gives none, which must not take the place of the last ones. */
  complete(): void {
    if (this.#stackOutputs !== undefined) this.#deployment.registerOutputs(this.#stackOutputs.urn, this.#stackOutputs.outputs);
  }

  outputsOf(urn: string): Props {
    return this.#ledger.get(urn)?.outputs ?? {};
  }

  diagnostic(severity: "debug" | "info" | "warning" | "error", message: string, urn: string): void {
    if (severity === "error") {
      this.fail([message]);
    } else if (severity !== "debug") {
      this.#events.diagnostic(severity === "warning" ? `warning: ${message}` : message, urn);
    }
  }

  fail(messages: readonly string[]): void {
    this.errors.push(...messages.filter((message) => !this.errors.includes(message)));
    this.#reject(new EngineError([...this.errors]));
  }

  /** Waits for everything that had begun. */
  async settled(): Promise<void> {
    while (this.#running.size > 0) {
      await Promise.allSettled(this.#running);
    }
  }
}
