import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { canary } from "../app/kinds.ts";
import type { Project, Run } from "../project.ts";

// A repository that nobody prepared: root, which steps down to another user, plain variables, a writable file system.
const dockerfile = `FROM debian:trixie-slim
RUN apt-get update && apt-get install -y --no-install-recommends busybox && rm -rf /var/lib/apt/lists/*
COPY entrypoint.sh /usr/local/bin/
EXPOSE 22 8080
HEALTHCHECK --timeout=20s CMD busybox wget -q -O /dev/null http://127.0.0.1:8080/index.html
ENTRYPOINT ["/usr/local/bin/entrypoint.sh"]
CMD ["8080"]
`;
// The image knows what its text does not say: an id that is an argument, a group, the port that is HTTP.
const prepared = `FROM debian:trixie-slim AS base
ARG UID
RUN useradd --uid "\${UID}" --gid 0 app
ENTRYPOINT ["/usr/bin/env"]
FROM base AS prod
EXPOSE 53/udp 80/tcp 22
USER app
VOLUME /var/lib/notes
STOPSIGNAL SIGINT
HEALTHCHECK --start-period=120s --timeout=20s CMD true http://localhost:80/healthz
CMD ["sleep", "1000"]
FROM base AS dev
`;
const files = {
  Dockerfile: dockerfile,
  "docker/notes.Dockerfile": dockerfile.replace("EXPOSE", "RUN --mount=type=secret,id=token wc -c < /run/secrets/token > /etc/token-length\nEXPOSE"),
  "docker/Dockerfile": prepared,
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
  mkdirSync(join(repository, "docker"));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(repository, name), text, { mode: name.endsWith(".sh") ? 0o755 : 0o644 });
  const git = (...args: string[]) => execFileSync("git", ["-C", repository, ...args], { encoding: "utf8" });
  git("init", "-q");
  git("add", ".");
  git("-c", "user.name=Ada", "-c", "user.email=ada@example.com", "commit", "-qm", "notes");
  return { repository, git, written: await project.berth(["init", repository, "--name", "notes", "--dockerfile", "docker/notes.Dockerfile", "--build-secret", "token=NOTES_TOKEN", "-s", project.stack], { environment: { NOTES_TOKEN: canary } }) };
}
