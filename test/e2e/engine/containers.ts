import { type Engine } from "./engines.ts";
import { IMAGE, type Item, type TestStack } from "./stack.ts";

/** What both engines must do alike, each in a stack of its own, so that some run side by side. */
export type Scenarios = Record<string, (stack: TestStack, engine: Engine) => Promise<void>>;

const healthy = { tests: ["CMD", "true"], interval: "30s", startPeriod: "10s", startInterval: "500ms", retries: 1 };
export const neverHealthy = { tests: ["CMD", "false"], interval: "500ms", retries: 2 };

/** A container that sleeps; it is gone at once when it is stopped. */
export function container(stack: TestStack, name: string, args: Record<string, unknown> = {}, rest: Partial<Item> = {}): Item {
  return {
    type: "Container",
    name: `${stack.prefix}-${name}`,
    args: { image: IMAGE, command: ["sleep", "1000"], init: true, destroyGraceSeconds: 2, memory: 64, memorySwap: 64, ...args },
    ...rest,
  };
}

/** One that takes another's place before that one is deleted, as the replicas of an application do. */
export function replica(stack: TestStack, name: string, version: string, healthcheck: object = healthy): Item {
  const opts = { deleteBeforeReplace: false, replaceOnChanges: ["#initerror"] };
  // The CLI takes the whole time for one that is unhealthy.
  const waitTimeout = healthcheck === neverHealthy ? 5 : 30;
  return container(stack, name, { envs: [`VERSION=${version}`], healthcheck, wait: true, waitTimeout }, { opts });
}
