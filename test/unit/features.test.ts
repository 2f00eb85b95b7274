import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { commands } from "../../dev/commands.ts";
import { fields } from "../../config/settings.ts";

const root = join(import.meta.dirname, "../..");

/** What a reader looks for, the file that he opens first, and the name in it that shows that it is there. */
const features: readonly [feature: string, file: string, name: string][] = [
  ["what one stack is made of", "index.ts", "releases"],
  ["reading the configuration of a stack", "config/load.ts", "loadConfig"],
  ["how a mistake in a stack file is told", "config/problems.ts", "problemReport"],
  ["what stops quick builds from leaving dev", "config/checks/builds.ts", "buildProblems"],
  ["two things with one port or host name", "config/checks/clashes.ts", "clashProblems"],
  ["two applications with one name for a volume, job or schedule", "config/checks/names.ts", "nameProblems"],
  ["what is told of data that leaves a stack", "cli/deploy/data-volumes.ts", "keptNote"],
  ["a data volume that is gone, or another stack's", "cli/deploy/volume-problems.ts", "volumeProblems"],
  ["a secret that is missing", "config/checks/secrets.ts", "secretProblems"],
  ["a key that nothing reads", "config/checks/unknown-keys.ts", "unknownKeys"],
  ["an application", "components/app/application.ts", "Application"],
  ["what an app.ts may say", "components/app/definition.ts", "AppDefinition"],
  ["a scheduled job", "components/app/schedule.ts", "Schedule"],
  ["several workers of an application", "components/app/workers.ts", "workersOf"],
  ["a worker that can't be, or that app.ts does not have", "config/checks/workers.ts", "workerProblems"],
  ["sizes of an application and its workers", "config/sizes.ts", "sizesOf"],
  ["cron expressions", "components/app/cron.ts", "parseCron"],
  ["an application from its mounted source", "components/app/live.ts", "liveMounts"],
  ["a service of Docker Swarm", "components/app/swarm-service.ts", "swarmService"],
  ["Postgres", "components/postgres/postgres.ts", "Postgres"],
  ["what an application reaches as `postgres`", "components/postgres/gateway.ts", "Gateway"],
  ["haproxy.cfg", "components/postgres/gateway-config.ts", "renderGatewayConfig"],
  ["role and database of an application", "components/postgres/role.ts", "Role"],
  ["postgresql.conf", "components/postgres/postgres-config.ts", "renderPostgresConf"],
  ["settings of Postgres, connections and pools that can't be", "config/checks/postgres.ts", "postgresProblems"],
  ["what Postgres takes as a value of a setting", "config/checks/postgres-value.ts", "notAllowed"],
  ["when backups and restore drills run", "components/postgres/backup-schedules.ts", "BackupSchedules"],
  ["when Redis and volumes are copied, and tried", "components/snapshots/snapshots.ts", "Snapshots"],
  ["what of a stack is copied beside Postgres", "components/snapshots/snapshot-sources.ts", "snapshotSources"],
  ["Redis", "components/redis/redis.ts", "Redis"],
  ["redis.conf and what each user may do", "components/redis/redis-config.ts", "renderRedisAcl"],
  ["Traefik", "components/traefik/traefik.ts", "Traefik"],
  ["certificates", "components/traefik/tls.ts", "tlsOptions"],
  ["which requests an application gets", "components/traefik/routers.ts", "routersOf"],
  ["response headers, and other middlewares of Traefik", "components/traefik/middlewares.ts", "chainOf"],
  ["a limit on the bodies of requests", "components/traefik/body-limit.ts", "bodyLimit"],
  ["which middlewares of Traefik a stack file may have", "config/settings/middlewares.ts", "middlewares"],
  ["host names of a stack", "config/host-names.ts", "allHostNames"],
  ["the cut-over to new replicas", "components/traefik/routes.ts", "Routes"],
  ["a replica out of its route while it restarts", "components/traefik/aside.ts", "withoutServer"],
  ["a route that is closed for maintenance", "components/traefik/maintenance.ts", "closing"],
  ["the page of an application in maintenance", "components/app/maintenance-page.ts", "MaintenancePage"],
  ["settings of an application that a command writes", "cli/stack-file/app-settings.ts", "settingsIn"],
  ["alert rules", "components/monitoring/alert-rules.ts", "renderRules"],
  ["Alertmanager", "components/monitoring/alertmanager.ts", "Alertmanager"],
  ["dashboards", "components/monitoring/grafana-dashboards.ts", "dashboards"],
  ["Loki", "components/monitoring/loki.ts", "Loki"],
  ["the database browser", "components/developer/database-browser.ts", "DatabaseBrowser"],
  ["a registry of the stack's own", "components/image/registry.ts", "Registry"],
  ["building an image", "components/image/image.ts", "Image"],
  ["the record of a release", "components/release/release-record.ts", "withRelease"],
  ["hardening of containers", "components/docker/hardening.ts", "hardened"],
  ["health checks", "components/docker/health.ts", "healthGated"],
  ["log drivers", "components/docker/logging.ts", "logged"],
  ["networks", "components/docker/networks.ts", "Networks"],
  ["data volumes", "components/docker/volume.ts", "Volume"],
  ["secrets and files of containers", "components/docker/files.ts", "Files"],
  ["sizes of the platform's parts", "components/docker/sizes.ts", "sizeOf"],
  ["images and roles of the platform", "components/docker/platform.ts", "imageRoles"],
  ["policy: secrets in plain sight", "policy/secret-rules.ts", "secretRules"],
  ["policy: exceptions", "policy/exceptions.ts", "exceptions"],
  ["the lock of a deploy", "pulumi/lock.ts", "Lock"],
  ["the state", "pulumi/state.ts", "StateFile"],
  ["URNs", "pulumi/urn.ts", "makeUrn"],
  ["encryption of secrets", "pulumi/secrets.ts", "Crypter"],
  ["the hash of a build context", "pulumi/docker-build/context-hash.ts", "contextHash"],
  ["a Docker host by ssh", "docker/ssh.ts", "sshSocket"],
  ["Docker's log frames", "docker/frames.ts", "demultiplex"],
  ["logins to registries", "docker/login.ts", "loggedIn"],
  ["the embedded engine", "engine/index.ts", "up"],
  ["a deploy by the Pulumi CLI", "cli/deploy/pulumi.ts", "PulumiDeployer"],
  ["a deploy by the embedded engine", "cli/deploy/embedded.ts", "EmbeddedDeployer"],
  ["an update of some applications alone", "cli/deploy/scope.ts", "scopeOf"],
  ["the lock of a state in a folder, as the Pulumi CLI takes it", "cli/deploy/folder-lock.ts", "takeFolderLock"],
  ["secrets that a stack reads, and where each is", "cli/stack-file/secret-list.ts", "listed"],
  ["images that nothing names any more", "cli/images/unnamed.ts", "unnamedOf"],
  ["which engine deploys", "cli/deploy/choose-engine.ts", "chooseDeployer"],
  ["what a killed update left", "cli/deploy/strays.ts", "findStrays"],
  ["repair of drift", "cli/drift/repair.ts", "repairDrift"],
  ["a plan that is kept", "cli/preview/plan-file.ts", "savePlan"],
  ["the comment on a pull request", "cli/preview/markdown.ts", "renderMarkdown"],
  ["whether a migration breaks what runs", "cli/migrations/effect.ts", "marksIn"],
  ["restore: putting the copy in place", "cli/backup/restore-swap.ts", "swap"],
  ["restore: Redis or a volume in place", "cli/backup/restore-source.ts", "restoreSource"],
  ["the whole stack back, as on a new host", "cli/backup/restore-all.ts", "restoreAll"],
  ["GitHub and GitLab", "cli/forge/forge.ts", "forgeOf"],
  ["reading a Dockerfile", "cli/init/dockerfile.ts", "readDockerfile"],
  ["what a built image says of itself", "cli/init/image-config.ts", "imageFacts"],
  ["what a variable of a sample file is", "cli/init/environment.ts", "readEnvironment"],
  ["which database an address leads to", "cli/init/connection.ts", "connectionOf"],
  ["secrets under other names", "components/app/derived.ts", "withDerived"],
  ["setting up a Docker Engine", "cli/setup/engine.ts", "ensureEngine"],
  ["exit codes", "cli/exit.ts", "exitCodes"],
  ["hiding secrets in output", "cli/redact.ts", "Redactor"],
  ["a stand-in for a platform image", "standins/images.ts", "contracts"],
  ["the JSON schema of stack files", "dev/schema.ts", "stackSchema"],
  ["which test may be skipped", "dev/testing/skips.ts", "skips"],
];

/** Settings whose part has another name than the key, since one file says all of it. */
const shared: Record<string, string> = {
  ...Object.fromEntries(["docker", "environment", "builds", "runtime", "domain", "secrets"].map((key) => [key, "stack"])),
  ...Object.fromEntries(["publish", "tls"].map((key) => [key, "traefik"])),
};

/** Whether a file exports a name. A file that is not there has none. */
function has(file: string, name: string): boolean {
  const [path] = globSync(file, { cwd: root });
  if (path === undefined) return false;
  return new RegExp(`^export (async )?(function|class|const|interface|type) ${name}\\b`, "m").test(readFileSync(join(root, path), "utf8"));
}

describe("each feature is in the file where a reader looks for it", () => {
  for (const [feature, file, name] of features) {
    test(`${feature}: ${name} in ${file}`, () => assert.ok(has(file, name), `${file} is not there, or exports no ${name}: move the feature's row, too`));
  }
  for (const key of Object.keys(fields)) {
    const file = `config/settings/${shared[key] ?? key}.ts`;
    test(`what berth:${key} may be: ${file}`, () => assert.ok(has(file, key), `${file} is not there, or exports no ${key}`));
  }
});

describe("each command is in a file of its own name", () => {
  for (const [name, { load, summary }] of Object.entries(commands)) {
    test(`./berth ${name}: cli/*/${name}.ts`, async () => {
      const found = globSync([`cli/*/${name}.ts`, `dev/*/${name}.ts`], { cwd: root });
      const modules = await Promise.all(found.map(async (file) => (await import(join(root, file))) as { command?: unknown }));
      const { command } = await load();
      assert.ok(modules.some((module) => module.command === command), `./berth ${name} is not in cli/<noun>/${name}.ts; of that name are: ${found.join(", ") || "none"}`);
      assert.equal(command.summary, summary);
    });
  }
});

test("a file without the name, or none, is no place", () => {
  assert.deepEqual([has("cli/exit.ts", "exitCodes"), has("cli/exit.ts", "exit"), has("cli/exits.ts", "exitCodes")], [true, false, false]);
});
