import type { AppDefinition } from "../../../components/index.ts";

/** Notes over HTTP in Django, with Postgres and a Redis cache. */
export default {
  context: import.meta.dirname,
  web: { port: 8000, health: { path: "/health", command: ["python", "-I", "-S", "/app/health.py"], wait: 60 } },
  database: true,
  cache: true,
  jobs: { migrate: ["python", "manage.py", "migrate", "--noinput"] },
  secrets: { DJANGO_SECRET_KEY: "key that signs what Django gives to browsers" },
  metrics: { port: 9090 },
  defaults: { replicas: 2, memory: "512MiB", cpus: 0.5 },
  live: { target: "dev", command: ["python", "manage.py", "runserver", "0.0.0.0:8000"], source: "/app" },
} satisfies AppDefinition;
