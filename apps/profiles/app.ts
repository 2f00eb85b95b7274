import type { AppDefinition } from "../../components/index.ts";

/** Profiles of people: Django, Postgres, sessions and a cache in Redis. */
export default {
  context: import.meta.dirname,
  web: { port: 5000, health: { path: "/health/", command: ["python", "-I", "-S", "/app/health.py"] } },
  database: true,
  cache: true,
  jobs: { migrate: ["python", "manage.py", "migrate", "--noinput"] },
  secrets: {
    DJANGO_SECRET_KEY: "key that signs sessions and links to reset a password",
    SENTRY_DSN: { purpose: "address that errors are sent to", optional: true },
    SPARKPOST_API_KEY: { purpose: "key of SparkPost's mail relay", optional: true },
    CILOGON_CLIENT_ID: { purpose: "name of this site at CILogon", optional: true },
    CILOGON_CLIENT_SECRET: { purpose: "password of this site at CILogon", optional: true },
    DJANGO_AWS_ACCESS_KEY_ID: { purpose: "name of the key of the storage bucket", optional: true },
    DJANGO_AWS_SECRET_ACCESS_KEY: { purpose: "key of the storage bucket", optional: true },
  },
  // Mail, Sentry, CILogon and the storage bucket are in the world outside.
  egress: true,
  metrics: { port: 9090 },
  live: {
    target: "dev",
    command: ["python", "manage.py", "runserver", "0.0.0.0:8000"],
    source: "/app",
    port: 8000,
  },
} satisfies AppDefinition;
