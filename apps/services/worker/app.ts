import type { AppDefinition } from "../../../components/index.ts";

/** Does a piece of work again and again: Python, without a server. */
export default {
  context: import.meta.dirname,
  worker: { command: ["python", "-m", "worker"], health: ["python", "-m", "worker.health"], stopGrace: 15 },
  live: { target: "dev", command: ["watchfiles", "--sigint-timeout", "10", "python -m worker", "worker"], source: "/live" },
  defaults: { replicas: 1, memory: "64MiB", cpus: 0.25 },
} satisfies AppDefinition;
