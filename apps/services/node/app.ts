import type { AppDefinition } from "../../../components/index.ts";

/** Notes over HTTP in Node, with Postgres and a Redis cache. */
export default {
  context: import.meta.dirname,
  web: { port: 3000, health: { path: "/health", command: ["node", "src/health.ts"], wait: 60 } },
  database: true,
  cache: true,
  jobs: { migrate: ["node", "src/main.ts", "migrate"] },
  metrics: { port: 9090 },
  defaults: { replicas: 2, memory: "512MiB", cpus: 0.5 },
  live: { target: "dev", command: ["node", "--watch-path=src", "src/main.ts"], source: "/live/source" },
} satisfies AppDefinition;
