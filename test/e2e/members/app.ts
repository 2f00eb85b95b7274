import type { AppDefinition } from "../../../components/index.ts";

/** What most tests deploy: names of members in Postgres, written by who knows the key. Nothing is compiled, for its own health check neither. */
export default {
  context: import.meta.dirname,
  web: { port: 8000, command: ["perl", "/app/server.pl"], health: { path: "/health", command: ["bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/8000"] } },
  database: true,
  jobs: { migrate: ["perl", "/app/server.pl", "migrate"] },
  secrets: { KEY: "key of those who may add members" },
} satisfies AppDefinition;
