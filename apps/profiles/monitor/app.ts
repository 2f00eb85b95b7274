import type { AppDefinition } from "../../../components/app-definition.ts";

/** Checks sites from outside their networks: a status page, metrics, and results that outlive the container. */
export default {
  context: import.meta.dirname,
  web: { port: 8000, health: { path: "/health", command: ["python", "-I", "-S", "/app/health.py"] } },
  volumes: { data: "/data" },
  metrics: { port: 9090 },
  egress: true,
  defaults: { replicas: 1, memory: "96MiB", cpus: 0.25 },
} satisfies AppDefinition;
