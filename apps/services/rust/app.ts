import type { AppDefinition } from "../../../components/index.ts";

/** Notes over HTTP in Rust, with Postgres and a Redis cache. */
export default {
  context: import.meta.dirname,
  quickArgs: { PROFILE: "quick" },
  web: { port: 8080, health: { path: "/health", command: ["service", "health"], wait: 60 } },
  database: true,
  cache: true,
  jobs: { migrate: ["service", "migrate"] },
  metrics: { port: 9090 },
  defaults: { replicas: 2, memory: "512MiB", cpus: 0.5 },
  live: {
    target: "dev",
    command: ["service-live"],
    source: "/app",
    jobs: { migrate: ["service-live", "migrate"] },
    caches: { cargo: "/cargo", target: "/target" },
    memory: "2GiB",
  },
} satisfies AppDefinition;
