import type { AppDefinition } from "../../../components/index.ts";

const uvicorn = ["python", "-m", "uvicorn", "--factory", "service.api:create", "--host", "0.0.0.0", "--port", "8000", "--no-access-log"];

/** Notes over HTTP in Python, with Postgres and a Redis cache. */
export default {
  context: import.meta.dirname,
  web: { port: 8000, health: { path: "/health", command: ["python", "-m", "service.health"], wait: 60 } },
  database: true,
  cache: true,
  jobs: { migrate: ["python", "-m", "service", "migrate"] },
  metrics: { port: 9090 },
  defaults: { replicas: 2, memory: "512MiB", cpus: 0.5 },
  live: { target: "dev", command: [...uvicorn, "--reload", "--reload-dir", "service"], source: "/live" },
} satisfies AppDefinition;
