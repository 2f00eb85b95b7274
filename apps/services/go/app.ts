import type { AppDefinition } from "../../../components/index.ts";

/** Notes over HTTP in Go, with Postgres and a Redis cache. */
export default {
  context: import.meta.dirname,
  web: { port: 8080, health: { path: "/health", command: ["service-go", "health"], wait: 60 } },
  database: true,
  cache: true,
  jobs: { migrate: ["service-go", "migrate"] },
  metrics: { port: 9090 },
  defaults: { replicas: 2, memory: "512MiB", cpus: 0.5 },
  live: { target: "dev", command: ["live"], source: "/live", caches: { "go-build": "/cache" } },
} satisfies AppDefinition;
