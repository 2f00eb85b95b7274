import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, mkdirSync, readdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { startLoad } from "../load.ts";
import { docker, Project } from "../project.ts";

// A stack that an earlier version made, in the same checkout, and then this version's `up`: what a team does that takes
// a new version. Its applications are those of the recorded stack, which the fast test previews.

const commit = "ca7bc5c5";
const root = join(import.meta.dirname, "../../..");
const apps = join(root, "test/components/earlier-version/recorded/apps");
/** Of the checkout, what is neither code nor replaced by a version's. */
const kept = (name: string) => name === ".berth" || name === "apps" || /^Pulumi\..+\.yaml$/.test(name);

/** A stack file with every part that has data, or that an application has. */
async function configure(project: Project): Promise<void> {
  rmSync(join(project.dir, "apps"), { recursive: true });
  cpSync(apps, join(project.dir, "apps"), { recursive: true });
  const secret = await project.encrypted("0123456789abcdef");
  await project.configure((config) => {
    for (const key of Object.keys(config)) if (!["berth:publish", "berth:registry"].includes(key)) delete config[key];
    Object.assign(config, {
      "berth:environment": "dev",
      "berth:secrets": "generate",
      "berth:developer": { databases: "adminer.localhost", mail: "mail.localhost" },
      "berth:postgres": { backup: { target: "volume" } },
      "berth:monitoring": { host: "prometheus.localhost", alerts: { webhook: true } },
      "berth:apps": { notes: {}, shop: {} },
      "berth:backupKey": secret,
      "berth:alertWebhook": secret,
      "shop:PAYMENT_KEY": secret,
    });
  });
}

/** The earlier version's code in place of this one's, which goes to `aside`. Its `./berth` installs its own packages. */
function checkOutEarlier(folder: string, aside: string): void {
  const { status } = spawnSync("git", ["-C", root, "cat-file", "-e", `${commit}^{commit}`]);
  assert.equal(status, 0, `this clone has no commit ${commit}, whose code this test runs: git fetch --unshallow; in a workflow, fetch-depth: 0`);
  move(folder, aside);
  const archive = execFileSync("git", ["-C", root, "archive", commit, "--", ".", ":!apps", ":!Pulumi.*.yaml", ":!test", ":!docs"], { maxBuffer: 2 ** 28 });
  execFileSync("tar", ["-x", "-C", folder], { input: archive });
}

function checkOutThis(folder: string, aside: string): void {
  for (const name of readdirSync(folder).filter((name) => !kept(name))) rmSync(join(folder, name), { recursive: true });
  move(aside, folder);
}

function move(from: string, to: string): void {
  for (const name of readdirSync(from).filter((name) => !kept(name))) renameSync(join(from, name), join(to, name));
}

/** What a program in a container of the stack prints. */
async function inside(project: Project, { role, app }: { role: string; app?: string }, command: string): Promise<string> {
  const found = (await project.containers(role)).find(({ Labels, State }) => State === "running" && Labels["berth.app"] === app);
  return execFileSync("docker", ["exec", found?.Id ?? `no ${role}`, "sh", "-c", command], { encoding: "utf8" }).trim();
}

const postgres = { role: "postgres" };
const psql = "psql -h /var/run/postgresql -U postgres -qtA shop -c";
const redis = { role: "redis" };
const redisCli = "REDISCLI_AUTH=$(cat /run/secrets/admin-password) redis-cli --user admin --no-auth-warning";
const notes = { role: "web", app: "notes" };

/**
 * What must be the same after the update: volumes with data and when they were made, what was written, and containers of
 * applications but for web servers and workers, whose health check is another (test/components/earlier-version/changed.ts).
 */
async function look(project: Project) {
  // Postgres' own schedules have a label of that kind too, and the image of a new version.
  const containers = (await project.containers()).filter(({ Labels, State }) => ["shop", "notes"].includes(Labels["berth.app"] ?? "") && !["web", "worker"].includes(Labels["berth.role"] ?? "") && State === "running");
  const volumes = await Promise.all((await project.volumes("data")).map((name) => docker.getVolume(name).inspect()));
  return {
    applications: Object.fromEntries(containers.map(({ Id, Names }) => [Names[0]?.slice(1) ?? "", Id])),
    data: Object.fromEntries(volumes.map((volume) => [volume.Name, (volume as { CreatedAt?: string }).CreatedAt])),
    row: await inside(project, postgres, `${psql} "SELECT text FROM public.kept"`),
    key: await inside(project, redis, `${redisCli} GET kept`),
    file: await inside(project, notes, "cat /data/kept"),
  };
}

// Traefik is replaced once (test/components/earlier-version/changed.ts), and nothing listens for so long. No answer may come
// from an application that is not ready.
const whileTraefikRestarts = /^(connect ECONNREFUSED|read ECONNRESET|socket hang up|status 404)/;

test("up over a stack of an earlier version keeps what need not change and all data; requests fail while Traefik restarts, and no others", async () => {
  await using project = await Project.create("earlier");
  await configure(project);
  // Goes away with the project, whatever happens.
  const aside = join(project.dir, ".berth/aside");
  mkdirSync(aside, { recursive: true });
  checkOutEarlier(project.dir, aside);
  await project.up();
  await inside(project, postgres, `${psql} "CREATE TABLE public.kept (text text)" -c "INSERT INTO public.kept VALUES ('a row')"`);
  await inside(project, redis, `${redisCli} SET kept a-key`);
  await inside(project, notes, "echo a file > /data/kept");
  const before = await look(project);
  assert.deepEqual([before.row, before.key, before.file], ["a row", "a-key", "a file"]);
  const parts = Object.keys(before.applications).map((name) => name.replace(/-[0-9a-f]{7}$/, "")).toSorted();
  assert.deepEqual(parts, ["shop-report"]);
  const volumes = ["notes-volume-data", "postgres-backups", "postgres-data", "redis-data", "registry-data"].map((name) => `berth-${project.stack}-${name}`);
  assert.deepEqual(volumes.filter((name) => !(name in before.data)), []);

  checkOutThis(project.dir, aside);
  const load = startLoad(project.http, "shop.localhost", 2, [["/"]], { limit: 600_000, pause: 20 });
  await project.up();
  const { failures, answered } = await load.stop();
  assert.deepEqual(Object.keys(failures).filter((failure) => !whileTraefikRestarts.test(failure)), [], `of ${answered} requests`);
  assert.ok(answered > 100, `only ${answered} requests were answered`);
  const { data, ...rest } = await look(project);
  // The repository of snapshots is new.
  const old = Object.fromEntries(Object.entries(data).filter(([name]) => name in before.data));
  assert.deepEqual({ ...rest, data: old }, before);
  const after = startLoad(project.http, "shop.localhost", 2, [["/"]], { limit: 600_000, pause: 20 });
  assert.deepEqual((await project.up()).changes, {}, "a second up changes nothing");
  assert.deepEqual((await after.stop()).failures, {}, "once it is over");
});
