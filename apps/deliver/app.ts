import type { AppDefinition } from "../../components/index.ts";

/** Watches subreddits, translates new posts by DeepL and delivers them: Python, SQLite on a volume. */
export default {
  context: import.meta.dirname,
  user: 1000,
  worker: { command: ["deliver", "monitor", "start"], health: ["deliver", "health"], stopGrace: 15 },
  schedules: {
    // Beside the daemon: a post belongs to whoever claims it first. It brings what a daemon that is down would leave out.
    once: { cron: "30 * * * *", timeZone: "UTC", command: ["deliver", "monitor", "start", "--once"], alertAfter: 10_800 },
    backup: { cron: "15 3 * * *", timeZone: "UTC", command: ["deliver", "backup", "--keep", "14"], alertAfter: 93_600 },
    verify: { cron: "45 4 * * 0", timeZone: "UTC", command: ["deliver", "verify"], alertAfter: 691_200 },
  },
  volumes: { data: "/app/data" },
  secrets: {
    REDDIT_CLIENT_ID: "id of the Reddit application (reddit.com/prefs/apps)",
    REDDIT_CLIENT_SECRET: "secret of the Reddit application",
    DEEPL_API_KEY: "key of DeepL's API",
    DELIVER_WEBHOOK_URL: { purpose: "address that gets the posts; without it they go to the log", optional: true },
  },
  egress: true,
  metrics: { port: 9090 },
  live: {
    target: "dev",
    command: ["watchfiles", "--sigint-timeout", "9", "deliver monitor start", "/src/src"],
    source: "/src",
  },
  defaults: { replicas: 1, memory: "256MiB" },
} satisfies AppDefinition;
