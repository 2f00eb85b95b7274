import type Docker from "dockerode";
import { statusOf } from "./errors.ts";
import { textOf } from "./frames.ts";

const POLL_MS = 250;
const MAX_RESTARTS = 5;
const TAIL_LINES = 25;

const removed = "was removed while it was waited for";

interface Waiter {
  deadline: number;
  timeoutSeconds: number;
  settle: (problem: string | undefined) => void;
}

/** Watches all containers of one engine that somebody waits for, by one list call a round. */
class HealthWatch {
  readonly #client: Docker;
  readonly #waiters = new Map<string, Waiter>();
  #running = false;

  constructor(client: Docker) {
    this.#client = client;
  }

  wait(id: string, timeoutSeconds: number): Promise<string | undefined> {
    return new Promise((resolve) => {
      this.#waiters.set(id, { deadline: Date.now() + timeoutSeconds * 1000, timeoutSeconds, settle: resolve });
      if (!this.#running) {
        this.#running = true;
        void this.#loop();
      }
    });
  }

  async #loop(): Promise<void> {
    while (this.#waiters.size > 0) {
      await new Promise((resolve) => {
        setTimeout(resolve, POLL_MS);
      });
      const asked = [...this.#waiters];
      let silence = "";
      const list = await this.#client.listContainers({ all: true, filters: { id: asked.map(([id]) => id) } }).catch((error: unknown) => {
        silence = `; the Docker Engine could not be asked: ${reasonOf(error)}`;
        return undefined;
      });
      const found = new Map(list?.map((container) => [container.Id, container]));
      for (const [id, waiter] of asked) {
        const container = found.get(id);
        const verdict = list === undefined ? undefined : container === undefined ? removed : await this.#judge(id, container.State, container.Status);
        if (verdict !== undefined) {
          this.#settle(id, verdict === "healthy" ? undefined : verdict);
        } else if (Date.now() > waiter.deadline) {
          this.#settle(id, `was not healthy after ${waiter.timeoutSeconds} s${silence}`);
        }
      }
    }
    this.#running = false;
  }

  #settle(id: string, problem: string | undefined): void {
    const waiter = this.#waiters.get(id);
    this.#waiters.delete(id);
    waiter?.settle(problem);
  }

  /** "healthy", what is wrong for good, or undefined while it may still get healthy. Never rejects: that would end the watch for all. */
  #judge(id: string, state: string, status: string): Promise<string | undefined> {
    return this.#verdict(id, state, status).catch((error: unknown) => (statusOf(error) === 404 ? removed : `is ${state}, and can't be looked at: ${reasonOf(error)}`));
  }

  async #verdict(id: string, state: string, status: string): Promise<string | undefined> {
    if (state === "running") {
      if (status.includes("(healthy)")) {
        return "healthy";
      }
      if (status.includes("(unhealthy)")) {
        return "is unhealthy";
      }
      return status.includes("(health") ? undefined : "has no health check, but wait is set; give it a healthcheck or take wait away";
    }
    if (state === "exited" || state === "dead") {
      const { State } = await this.#client.getContainer(id).inspect();
      return `exited with code ${State.ExitCode}${State.OOMKilled ? " (out of memory)" : ""}`;
    }
    if (state === "restarting") {
      const { RestartCount } = await this.#client.getContainer(id).inspect();
      return RestartCount >= MAX_RESTARTS ? `keeps exiting; it was restarted ${RestartCount} times` : undefined;
    }
    return undefined;
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

const watches = new WeakMap<Docker, HealthWatch>();

/** Waits until the container is healthy. Resolves to what went wrong, or undefined when it is healthy. */
export async function waitHealthy(client: Docker, id: string, timeoutSeconds: number): Promise<string | undefined> {
  let watch = watches.get(client);
  if (watch === undefined) {
    watch = new HealthWatch(client);
    watches.set(client, watch);
  }
  const problem = await watch.wait(id, timeoutSeconds);
  return problem === undefined ? undefined : `container ${problem}${await lastHealth(client, id)}${await logTail(client, id)}`;
}

async function lastHealth(client: Docker, id: string): Promise<string> {
  const found = await client.getContainer(id).inspect().catch(() => undefined);
  const output = found?.State.Health?.Log?.at(-1)?.Output.trim();
  return output ? `\nlast health check: ${output}` : "";
}

async function logTail(client: Docker, id: string): Promise<string> {
  const text = await containerLogs(client, id, TAIL_LINES).catch(() => "");
  return text === "" ? "\n(it logged nothing)" : `\nlast lines of its log:\n${text.trimEnd()}`;
}

/** What the container wrote to both streams: the last `tail` lines, or everything. */
export async function containerLogs(client: Docker, id: string, tail?: number): Promise<string> {
  const container = client.getContainer(id);
  const { Config } = await container.inspect();
  const raw = await container.logs({ stdout: true, stderr: true, follow: false, ...(tail === undefined ? {} : { tail }) });
  return Config.Tty ? raw.toString("utf8") : textOf(raw);
}
