import type { AppDefinition } from "../../components/application.ts";

/** The members and attendance API: Rust, GraphQL, Postgres. */
export default {
  context: import.meta.dirname,
  port: 3000,
  health: { path: "/health", command: ["root", "health"] },
  database: true,
  migrate: ["root", "migrate"],
  secrets: { ROOT_SECRET: "key of the HMAC that signs mutations" },
  env: { ROOT_PORT: "3000" },
} satisfies AppDefinition;
