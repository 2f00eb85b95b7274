import type { Command } from "./command.ts";

/** Loaded when they are called, so that the help of one does not wait for the packages of another. */
export type Commands = Record<string, { summary: string; load: () => Promise<{ command: Command }> }>;

/** What operators run. */
export const commands: Commands = {
  up: { summary: "set up this machine, apply a stack, wait until it answers", load: () => import("./deploy/up.ts") },
  down: { summary: "remove a stack; its data stays unless --volumes is given", load: () => import("./deploy/down.ts") },
  status: { summary: "containers of a stack and its addresses", load: () => import("./status/status.ts") },
  logs: { summary: "what the containers print, each line with its part's name", load: () => import("./status/logs.ts") },
  exec: { summary: "a command or a shell in a running container", load: () => import("./sessions/exec.ts") },
  psql: { summary: "psql in an application's database, or as the superuser", load: () => import("./sessions/psql.ts") },
  redis: { summary: "redis-cli as an application's user, or as the admin", load: () => import("./sessions/redis.ts") },
  run: { summary: "a command in a container of its own, like an application's", load: () => import("./sessions/run.ts") },
  schedules: { summary: "scheduled jobs: when they ran, how it ended, when they run next", load: () => import("./schedules/schedules.ts") },
  new: { summary: "a new application that runs at once, from a template", load: () => import("./new/new.ts") },
  init: { summary: "an application from a repository with a Dockerfile", load: () => import("./init/init.ts") },
  backup: { summary: "back up Postgres, Redis and volumes now; list, verify or try the backups", load: () => import("./backup/backup.ts") },
  restore: { summary: "Postgres, Redis, a volume or the whole stack as it was", load: () => import("./backup/restore.ts") },
  preview: { summary: "what up would change, without changing it", load: () => import("./preview/preview.ts") },
  drift: { summary: "what differs from the state, and how to repair it; changes nothing", load: () => import("./drift/drift.ts") },
  releases: { summary: "what was deployed: when, by whom, what changed, how it ended", load: () => import("./releases/releases.ts") },
  rollback: { summary: "back to an earlier release: its images, configuration and secrets", load: () => import("./releases/rollback.ts") },
  forward: { summary: "after a rollback: let applications be built from their folders again", load: () => import("./releases/forward.ts") },
  promote: { summary: "take what runs in one stack to another, as a change to review", load: () => import("./promote/promote.ts") },
  doctor: { summary: "what this machine has and lacks; changes nothing", load: () => import("./setup/doctor.ts") },
  secret: { summary: "set, list, unset or import encrypted secrets of a stack file", load: () => import("./stack-file/secret.ts") },
  push: { summary: "add the tags latest, date, git ref and commit to an image", load: () => import("./images/push.ts") },
  images: { summary: "lock the platform images' digests, renew them, check the images, or their sizes", load: () => import("./images/images.ts") },
  scan: { summary: "scan a stack's images for critical known weaknesses", load: () => import("./images/scan.ts") },
  identity: { summary: "on a machine of CI: the SSH key and host keys from the environment", load: () => import("./workflows/identity.ts") },
  notes: { summary: "what CHANGELOG.md says of a version, for a release", load: () => import("./workflows/notes.ts") },
};
