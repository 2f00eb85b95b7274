import { execFileSync } from "node:child_process";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Project, Run } from "../project.ts";

// A repository that nobody prepared: root, which steps down to another user, plain variables, a writable file system.
const files = {
  Dockerfile: `FROM debian:trixie-slim
RUN apt-get update && apt-get install -y --no-install-recommends busybox && rm -rf /var/lib/apt/lists/*
COPY entrypoint.sh /usr/local/bin/
EXPOSE 8080
HEALTHCHECK CMD busybox wget -q -O /dev/null http://127.0.0.1:8080/index.html
ENTRYPOINT ["/usr/local/bin/entrypoint.sh"]
CMD ["8080"]
`,
  "entrypoint.sh": `#!/bin/sh
set -e
: "\${NOTES_PASSWORD:?is missing}"
mkdir -p /srv/www
printf '%s %s %s %s' "$NOTES_TITLE" "\${#NOTES_PASSWORD}" "\${DATABASE_URL%%:*}" "$(id -u)" > /srv/www/index.html
chown -R nobody /srv/www
setpriv --reuid=nobody --regid=nogroup --clear-groups busybox httpd -f -p "$1" -h /srv/www &
trap 'kill $!' TERM
wait $!
`,
  ".env.example": "NOTES_PASSWORD=canary-of-the-sample\nNOTES_TITLE=notes\nDATABASE_URL=postgres://notes:canary-of-the-sample@db/notes\n",
};

/** What `berth init` took over. */
export interface Taken {
  repository: string;
  git: (...args: string[]) => string;
  written: Run;
}

/** Runs `berth init` on a repository of its own. */
export async function takeOver(project: Project): Promise<Taken> {
  const repository = mkdtempSync(join(tmpdir(), "berth-notes-"));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(repository, name), text, { mode: name.endsWith(".sh") ? 0o755 : 0o644 });
  const git = (...args: string[]) => execFileSync("git", ["-C", repository, ...args], { encoding: "utf8" });
  git("init", "-q");
  git("add", ".");
  git("-c", "user.name=Ada", "-c", "user.email=ada@example.com", "commit", "-qm", "notes");
  return { repository, git, written: await project.berth(["init", repository, "--name", "notes", "-s", project.stack]) };
}
