import type { AppDefinition } from "../../components/index.ts";

/** Projects and tasks: Rust, REST, Postgres, Redis. */
export default {
  context: import.meta.dirname,
  quickArgs: { PROFILE: "quick" },
  web: { port: 8080, health: { path: "/health", command: ["pcf", "health"] }, balancing: "least-connections" },
  database: true,
  cache: true,
  jobs: { migrate: ["pcf", "migrate"] },
  secrets: { JWT_SECRET: "key that signs access tokens, 32 bytes or more" },
  tmpfs: { "/var/run": 16 },
  config: { directory: "config", target: "/opt/pcf/config" },
  metrics: { port: 9090 },
  user: 1001,
  defaults: { replicas: 3, memory: "256MiB", cpus: 1 },
  live: {
    target: "dev",
    command: ["pcf-live"],
    source: "/app",
    jobs: { migrate: ["pcf-live", "migrate"] },
    caches: { cargo: "/cargo", target: "/target" },
    memory: "2GiB",
  },
} satisfies AppDefinition;
