import type { AppDefinition } from "../../components/index.ts";

/** The members and attendance API: Rust, GraphQL, Postgres. */
export default {
  context: import.meta.dirname,
  quickArgs: { PROFILE: "quick" },
  web: { port: 3000, health: { path: "/health", command: ["root", "health"] } },
  database: true,
  jobs: { migrate: ["root", "migrate"] },
  secrets: { ROOT_SECRET: "key of the HMAC that signs mutations" },
  // Metrics on a port of their own: Traefik does not route it.
  metrics: { port: 9090 },
  env: { ROOT_PORT: "3000", METRICS_PORT: "9090" },
} satisfies AppDefinition;
