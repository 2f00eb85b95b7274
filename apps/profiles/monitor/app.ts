import type { AppDefinition } from "../../../components/index.ts";

/** Checks sites from outside their networks: a status page, metrics, and results that outlive the container. */
export default {
  context: import.meta.dirname,
  web: { port: 8000, health: { path: "/health", command: ["python", "-I", "-S", "/app/health.py"] } },
  volumes: { data: "/data" },
  metrics: {
    port: 9090,
    alerts: [
      {
        name: "SiteDown",
        severity: "critical",
        expr: "site_up == 0",
        for: "1m",
        summary: "the site {{ $labels.site }} does not answer as it should",
        description: "What it answers is on the status page: berth logs {{ $labels.app }}",
      },
      {
        // Checks are at most an hour apart.
        name: "SiteUnchecked",
        severity: "warning",
        expr: "time() - site_check_timestamp_seconds > 7200",
        for: "1m",
        summary: "nobody has checked the site {{ $labels.site }} for 2 hours",
        description: "The checks hang: berth logs {{ $labels.app }}",
      },
    ],
    certificates: { metric: "site_certificate_expiry_timestamp_seconds", label: "site" },
    dashboards: {
      Sites: [
        { title: "Sites that answer as they should", unit: "short", expr: "site_up", legend: "{{site}}" },
        { title: "Time of a check", unit: "s", expr: "site_check_duration_seconds", legend: "{{site}}" },
        {
          title: "Share of checks that failed",
          unit: "percentunit",
          expr: 'sum by (site) (rate(site_checks_total{result="down"}[1h])) / (sum by (site) (rate(site_checks_total[1h])) > 0)',
          legend: "{{site}}",
        },
        { title: "Days until the certificate ends", unit: "short", expr: "(site_certificate_expiry_timestamp_seconds - time()) / 86400", legend: "{{site}}" },
      ],
    },
  },
  egress: true,
  defaults: { replicas: 1, memory: "96MiB", cpus: 0.25 },
} satisfies AppDefinition;
