import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { ContainerInspectInfo } from "dockerode";
import type { Restored } from "../../../cli/backup/restore-all.ts";
import { repositoryMounts, type Snapshot, snapshotParts } from "../../../cli/backup/snapshots.ts";
import { backupParts, createLike, dataDirectory, dataMount, lastLine, mountsOf, runOnce } from "../../../cli/backup/container.ts";
import type { Backup } from "../../../cli/backup/list.ts";
import { sql } from "../../../cli/backup/restore-aside.ts";
import type { RowCount } from "../../../cli/backup/row-counts.ts";
import { outputOf } from "../../../docker/exec.ts";
import { eventually, until } from "../eventually.ts";
import { quickMonitoring } from "../monitoring/quick.ts";
import { docker, Project } from "../project.ts";
import { leftToTheNight } from "../slow.ts";
import { Keeper } from "./keeper.ts";

// One stack with one application, which has a cache and a volume; the tests go on from each other's backups, in this order. Times are the machine's:
// retention is shown by counts, not by weeks that pass.

let project: Project;
let keeper: Keeper;
const canary = "canary-backup-key-5f2c9e";

before(async () => {
  project = await Project.create("backup");
  keeper = new Keeper(project);
  quickMonitoring(project);
  // Postgres itself tries again after a minute; the five are for a store that lets each try wait.
  project.edit("components/monitoring/data-alerts.ts", "const retried = 300;", "const retried = 90;");
  // A file that can't be read is tried again after 1 s in place of 15.
  project.edit("components/postgres/backup-config.ts", '"io-timeout": 20,', '"io-timeout": 20,\n      "job-retry-interval": 1,');
  await configure();
  await project.up();
});
after(async () => project[Symbol.asyncDispose]());

async function configure(key = canary): Promise<void> {
  const secure = await project.encrypted(key);
  await project.configure((config) => {
    config["berth:apps"] = { keeper: {} };
    config["berth:secrets"] = "generate";
    config["berth:backupKey"] = secure;
    config["berth:postgres"] = { backup: { target: "volume", keep: { full: 2, differential: 2 } } };
    delete config["members:KEY"];
  });
}

async function berth(...args: string[]) {
  const run = await project.berth([...args, "-s", project.stack]);
  assert.equal(run.code, 0, run.output);
  return run;
}

/** A run that must fail: its last line. */
async function refused(...args: string[]): Promise<string> {
  const run = await project.berth([...args, "-s", project.stack]);
  assert.equal(run.code, 1, run.output);
  return run.output.trimEnd().split("\n").at(-1) ?? "";
}

async function list(): Promise<Backup[]> {
  return (JSON.parse((await berth("backup", "list", "--json")).stdout) as { backups: Backup[] }).backups;
}

const parts = () => backupParts(docker, project.stack);

async function query(text: string, database = "postgres"): Promise<string> {
  return sql(docker, (await parts()).server.Id, text, database);
}

/** A shell in a container like that of the backups; with the data writable where a test breaks it. */
async function shell(script: string, writable = false): Promise<string> {
  const { backup } = await parts();
  const mounts = mountsOf(backup).map((mount) => (writable ? { ...mount, ReadOnly: false } : mount));
  const { code, output } = await runOnce(docker, backup, { stack: project.stack, command: ["sh", "-euc", script], mounts });
  assert.equal(code, 0, output);
  return output.trim();
}

/** What the node exporter is given, by name and labels. */
async function metrics(): Promise<(name: string) => number> {
  const values = new Map([...(await shell("cat /var/lib/berth-metrics/*.prom")).matchAll(/^([^#\s]\S*) (\S+)$/gm)].map(([, name, value]) => [name, Number(value)]));
  return (name) => values.get(name) ?? NaN;
}
const metric = async (name: string) => (await metrics())(name);

describe("backups", () => {
  test("there is none at first, and the repository is ready", async () => {
    const [listed, verified, drilled] = await Promise.all([list(), refused("backup", "verify"), refused("backup", "drill")]);
    assert.deepEqual(listed, []);
    assert.match(verified, /no backup yet/);
    assert.match(drilled, /restore drill failed/);
  });

  test("one is made, listed, verified and restored in a drill, and Prometheus is told", async () => {
    await query("CREATE DATABASE shop");
    await query("CREATE TABLE public.carts AS SELECT g AS id, repeat('x', 200) AS text FROM generate_series(1, 20000) g", "shop");
    const made = await berth("backup", "--type", "full");
    assert.match(made.stdout, /^LABEL/);
    const [[backup, ...others], drill] = await Promise.all([list(), berth("backup", "drill"), berth("backup", "verify")]);
    assert.deepEqual([backup?.type, backup?.good, others], ["full", true, []]);
    assert.ok((backup?.databaseBytes ?? 0) > 20e6 && (backup?.repositoryBytes ?? 0) < 10e6, "it is compressed");
    assert.match(drill.output, /database shop: 20000 rows in 1 tables/);
    const told = await metrics();
    assert.equal(told("berth_backup_last_success_timestamp_seconds"), Date.parse(backup?.ended ?? "") / 1000);
    assert.ok(told("berth_backup_size_bytes") > 1e6);
    assert.deepEqual([told("berth_backup_success"), told("berth_restore_drill_success")], [1, 1]);
    assert.ok(Date.now() / 1000 - told("berth_restore_drill_last_success_timestamp_seconds") < 60);
    assert.equal(told('berth_restore_drill_rows{database="shop"}'), 20_000);
  });

  test("the figures are in Prometheus", async () => {
    const [prometheus] = await project.containers("prometheus");
    const query = ["promtool", "query", "instant", "--http.config.file=/run/secrets/client.yml", "http://prometheus:9090"];
    const value = (name: string) => outputOf(docker, prometheus?.Id ?? "", { command: [...query, name] }).catch(() => "");
    await until(async () => / => 1 @/.test(await value("berth_restore_drill_success")));
    assert.match(await value("berth_restore_drill_rows"), /database="shop".* => 20000 @/);
  });

  test("what the repository holds is encrypted", async () => {
    await query("CREATE TABLE public.marks AS SELECT 'canary-of-a-row' AS text", "shop");
    await query("SELECT pg_switch_wal()");
    await berth("backup");
    // Of each file that is not plain info: the cipher's salt first.
    const salted = "find /var/lib/pgbackrest -type f -exec head -v -c 8 {} + | awk '/^==> / { file = $2; getline; if ($0 != \"Salted__\") print file }'";
    const [readable, unsalted] = await Promise.all([shell("grep -rl 'canary-of-a-row\\|pg_control' /var/lib/pgbackrest | wc -l"), shell(salted)]);
    assert.deepEqual([readable, unsalted], ["0", ""]);
  });

  test("the passphrase is a file on a volume, and in nothing that inspect shows", async () => {
    assert.match(await shell("cat /run/pgbackrest/secrets.conf"), new RegExp(canary));
    await Promise.all(
      (await project.containers()).map(async ({ Id }) => {
        const container = docker.getContainer(Id);
        const [inspected, log] = await Promise.all([container.inspect(), container.logs({ stdout: true, stderr: true })]);
        for (const seen of [JSON.stringify(inspected), log.toString()]) assert.ok(!seen.includes(canary), Id);
      }),
    );
  });

  test("one that is killed midway is not listed, prunes nothing, and the next one succeeds", { skip: leftToTheNight }, async () => {
    await query("CREATE TABLE public.bulk AS SELECT g AS id, md5(g::text) || md5((g + 1)::text) AS text FROM generate_series(1, 400000) g", "shop");
    const before = await list();
    const { backup } = await parts();
    const container = await createLike(docker, backup, { stack: project.stack, command: ["berth-backup", "backup", "full"], name: `${project.stack}-killed` });
    await container.start();
    await until(async () => (await shell("ls /var/lib/pgbackrest/backup/main")).split("\n").some((name) => name.endsWith("F") && !before.some(({ label }) => label === name)));
    await container.kill({ signal: "SIGKILL" });
    await container.remove({ force: true });
    assert.deepEqual(await list(), before);
    assert.equal(await metric("berth_backup_last_success_timestamp_seconds"), Date.parse(before.at(-1)?.ended ?? "") / 1000);
    await berth("backup", "--type", "full");
    const after = await list();
    assert.equal(after.length, before.length + 1);
    assert.ok(after.every(({ good }) => good));
  });
});

describe("a restore to a time between two inserts", () => {
  let between = "";

  test("is put aside first, with the first row and without the second, and the live server is as it was", async () => {
    await query("CREATE TABLE public.events (id int PRIMARY KEY)", "shop");
    await query("INSERT INTO public.events VALUES (1)", "shop");
    await sleep(1100);
    between = await query("SELECT now()::timestamptz(3)");
    await sleep(1100);
    await query("INSERT INTO public.events VALUES (2)", "shop");
    await query("CREATE TABLE public.later AS SELECT 1 AS id", "shop");
    // Of the last seconds, of which nothing is archived: the live server has that log.
    const { restored, rows } = JSON.parse((await berth("restore", "--to", between, "--json")).stdout) as { restored: string; rows: RowCount[] };
    assert.deepEqual(rows.filter(({ live, restored }) => live !== restored), [
      { database: "shop", table: "public.events", live: 2, restored: 1 },
      { database: "shop", table: "public.later", live: 1 },
    ]);
    assert.equal(await sql(docker, restored, "SELECT string_agg(id::text, ',') FROM public.events", "shop"), "1");
    assert.equal(await query("SELECT string_agg(id::text, ',') FROM public.events", "shop"), "1,2");
  });

  test("has a server aside that is hardened, without network, read-only, and that no second one takes the place of", async () => {
    const aside = await docker.getContainer(`berth-${project.stack}-postgres-restore`).inspect();
    hardened(aside);
    assert.equal(aside.HostConfig.NetworkMode, "none");
    await assert.rejects(sql(docker, aside.Id, "CREATE TABLE x (id int)", "shop"), /read-only/);
    assert.match(await refused("restore"), /is there already/);
    const { output, code } = await project.berth(["restore", "--swap", "-s", project.stack]);
    assert.equal(code, 2, output);
  });

  test("where the swap fails once the live server is stopped, the old data serves again, and the restored one is kept", { skip: leftToTheNight }, async () => {
    // Every name that the old data could get is taken.
    await shell(`cd ${dataMount}; now=$(date +%s); for i in $(seq 0 300); do touch 17.before-$(date -u -d @$((now + i)) +%Y%m%dT%H%M%SZ); done`, true);
    const run = await project.berth(["restore", "--swap", "--yes", "-s", project.stack]);
    await shell(`rm ${dataMount}/17.before-*`, true);
    assert.equal(run.code, 1, run.output);
    assert.match(run.output, /cannot overwrite non-directory[^]*The old data is in its place, and the server serves it again; the restored one is aside, stopped\.$/m);
    assert.equal(await query("SELECT string_agg(id::text, ',') FROM public.events", "shop"), "1,2");
  });

  test("is put in place by --swap: the old data is kept beside, the restored server takes writes, and up changes nothing", async () => {
    const { server } = await parts();
    const { kept } = JSON.parse((await berth("restore", "--swap", "--yes", "--json")).stdout) as { kept: string };
    assert.match(kept, /^\/var\/lib\/postgresql\/data\/17\.before-\d{8}T\d{6}Z$/);
    assert.equal(await shell(`/usr/lib/postgresql/17/bin/pg_controldata ${kept} | sed -n 's/^Database cluster state: *//p'`), "shut down");
    assert.equal(await query("SELECT string_agg(id::text, ',') FROM public.events", "shop"), "1");
    await query("INSERT INTO public.events VALUES (3)", "shop");
    assert.equal((await parts()).server.Id, server.Id);
    assert.deepEqual((await project.volumes("restore")), []);
    assert.deepEqual((await project.up()).changes, {});
  });

  test("leaves a server whose log is archived, backed up and restored on", { skip: leftToTheNight }, async () => {
    await query("SELECT pg_switch_wal()");
    await berth("backup", "--type", "full");
    const [{ stdout }] = await Promise.all([berth("restore", "--json"), berth("backup", "drill")]);
    const { rows } = JSON.parse(stdout) as { rows: RowCount[] };
    assert.deepEqual(rows.find(({ table }) => table === "public.events"), { database: "shop", table: "public.events", live: 2, restored: 2 });
    assert.match((await berth("restore", "--discard")).stdout, /are removed/);
    assert.match((await berth("restore", "--discard")).stdout, /there was no/);
  });

  test("can go back to before the swap, which is another timeline", { skip: leftToTheNight }, async () => {
    const set = (await list())[0]?.label ?? "";
    const { restored } = JSON.parse((await berth("restore", "--set", set, "--json")).stdout) as { restored: string };
    assert.equal(await sql(docker, restored, "SELECT count(*) FROM public.bulk", "shop"), "400000");
    await berth("restore", "--discard");
  });

  test("that is later than the log is refused, and leaves nothing behind", { skip: leftToTheNight }, async () => {
    const run = await project.berth(["restore", "--to", "2037-01-01 00:00:00", "-s", project.stack]);
    assert.equal(run.code, 1, run.output);
    assert.match(run.output, /the log in the repository ends before that time/);
    assert.deepEqual(await project.volumes("restore"), []);
    assert.equal(await query("SELECT count(*) FROM public.events", "shop"), "2");
  });
});

describe("retention", { skip: leftToTheNight }, () => {
  test("keeps exactly as many full backups as it says, with those that hang on them", async () => {
    assert.equal((await list()).filter(({ type }) => type === "full").length, 2);
    await berth("backup", "--type", "full");
    for (let run = 0; run < 3; run += 1) await berth("backup", "--type", "diff");
    const backups = await list();
    assert.deepEqual(backups.map(({ type }) => type), ["full", "full", "diff", "diff"]);
    const newest = backups.filter(({ type }) => type === "full").at(-1)?.label ?? "";
    assert.ok(backups.filter(({ type }) => type === "diff").every(({ label }) => label.startsWith(newest)));
    await berth("backup", "verify");
  });

  test("is not applied by a backup that fails", async () => {
    const before = await list();
    const { server } = await parts();
    await docker.getContainer(server.Id).stop({ t: 60 });
    assert.match(await refused("backup", "--type", "full"), /backup failed: pgbackrest backup/);
    await docker.getContainer(server.Id).start();
    await until(async () => (await query("SELECT 1").catch(() => "")) === "1");
    assert.deepEqual(await list(), before);
    assert.equal(await metric("berth_backup_success"), 0);
  });
});

describe("Redis and volumes", () => {
  const snapshots = async () => (JSON.parse((await berth("backup", "list", "--json")).stdout) as { snapshots: Snapshot[] }).snapshots;
  const parts = async () => (await snapshotParts(docker, project.stack)) ?? assert.fail("no snapshots");
  /** berth-snapshots, or a shell, in a container like that of the schedules. */
  const run = async (like: "backup" | "drill", ...command: string[]) => runOnce(docker, (await parts())[like] ?? assert.fail(), { stack: project.stack, command });
  const restored = (run: { stdout: string }) => (JSON.parse(run.stdout) as { restored: Restored[] }).restored;
  const first = { file: "first", key: "first" };
  let before = "";

  test("have snapshots of the full and of the other backups, which a drill restores, and Redis starts on them", async () => {
    await keeper.put("first");
    await berth("backup", "--type", "full");
    const drill = await berth("backup", "drill");
    assert.match(drill.output, /^redis: 1 keys$/m);
    assert.match(drill.output, /^keeper\/files: 1 files, 5 bytes$/m);
    const newest = (await snapshots()).slice(-2);
    assert.deepEqual(newest.map(({ source, type }) => `${source} ${type}`), ["redis full", "keeper/files full"]);
    const { stdout: told } = await run("drill", "sh", "-c", "cat /var/lib/berth-metrics/*.prom");
    for (const line of ["berth_snapshot_success 1", "berth_snapshot_drill_success 1", 'berth_snapshot_drill_files{source="keeper/files"} 1', "berth_snapshot_drill_keys 1"]) assert.match(told, new RegExp(`^${line}$`, "m"));
    before = new Date(Date.parse(newest[1]?.time ?? "") + 1000).toISOString().slice(0, 19).replace("T", " ");
  });

  test("are in Prometheus, too", async () => {
    const [prometheus] = await project.containers("prometheus");
    const query = ["promtool", "query", "instant", "--http.config.file=/run/secrets/client.yml", "http://prometheus:9090", "berth_snapshot_drill_keys"];
    await until(async () => / => 1 @/.test(await outputOf(docker, prometheus?.Id ?? "", { command: query }).catch(() => "")));
  });

  test("come back one by one, with owner and mode, and what is there now is kept", async () => {
    const well = await keeper.held();
    await sleep(1100);
    await keeper.put("second");
    await keeper.inWorker("echo later > /files/later");
    const [redis] = restored(await berth("restore", "--redis", "--to", before, "--yes", "--json"));
    assert.match(redis?.kept ?? "", /^snapshot [0-9a-f]{8}$/);
    assert.equal((await keeper.held()).key, "first");
    const [volume] = restored(await berth("restore", "--volume", "keeper/files", "--to", before, "--yes", "--json"));
    assert.deepEqual(await keeper.held(), well);
    assert.match(well.mode, /^600 \d{5} 755 \d{5}$/);
    // And forward again.
    const kept = volume?.kept?.split(" ")[1] ?? "";
    await berth("restore", "--volume", "keeper/files", "--set", kept, "--yes");
    assert.deepEqual({ ...(await keeper.held()), mode: "" }, { ...first, file: "second", files: "./deep/note ./later", mode: "" });
    await berth("restore", "--volume", "keeper/files", "--yes");
    assert.deepEqual(await keeper.held(), well, "the newest of the backups, not the one that was kept");
    assert.deepEqual((await project.up()).changes, {});
  });

  test("a restore that is interrupted leaves the volume as it was, and the application runs again", { skip: leftToTheNight }, async () => {
    await keeper.inWorker("head -c 60000000 /dev/urandom > /files/large");
    await berth("backup");
    await keeper.inWorker("rm /files/large; printf now > /files/deep/note");
    const args = ["restore", "--volume", "keeper/files", "--yes", "-s", project.stack];
    const run = await project.berth(args, { signal: "SIGINT", killWhen: (printed) => printed.includes("the present state is the snapshot") });
    assert.equal(run.code, 130, run.output);
    assert.deepEqual({ ...(await keeper.held()), mode: "" }, { file: "now", files: "./deep/note", key: "first", mode: "" });
  });

  test("Redis that rewrites its files while they are read is a snapshot of one moment", { skip: leftToTheNight }, async () => {
    // Keys that are there in order: a copy with one has all before it.
    const add = "for n = 1, 500 do redis.call([[INCR]], [[keeper:count]]) redis.call([[SET]], [[keeper:n:]] .. redis.call([[GET]], [[keeper:count]]), 1) end";
    const writing = keeper.besideRedis(`for i in $(seq 1 60); do redis-cli --user admin eval '${add}' 0 > /dev/null; [ $((i % 20)) != 5 ] || redis-cli --user admin bgrewriteaof > /dev/null; done`);
    const taken = await run("backup", "berth-snapshots", "backup", "diff");
    await writing;
    assert.equal(taken.code, 0, taken.output);
    const id = /^redis: snapshot (\w+)$/m.exec(taken.stdout)?.[1] ?? "";
    await berth("restore", "--redis", "--set", id, "--yes");
    const count = Number(await keeper.inRedis("GET keeper:count"));
    assert.equal(Number(await keeper.inRedis("EVAL 'return #redis.call([[KEYS]], [[keeper:n:*]])' 0")), count, "every key of the count is there, and no other");
  });

  test("a damaged repository: verify and drill fail, and again succeed once it is whole", { skip: leftToTheNight }, async () => {
    const { backup, drill } = await parts();
    const broken = async (script: string) => {
      const ended = await runOnce(docker, backup ?? drill, { stack: project.stack, command: ["sh", "-euc", script], mounts: repositoryMounts(await parts(), []) });
      assert.equal(ended.code, 0, ended.output);
    };
    await broken("cd /var/lib/restic; mkdir kept; for pack in $(find data -type f); do mkdir -p kept/$(dirname $pack); cp -p $pack kept/$pack; chmod u+w $pack; printf xx | dd of=$pack bs=1 seek=40 conv=notrunc status=none; done");
    const [verified, drilled] = await Promise.all([run("backup", "berth-snapshots", "verify"), run("drill", "berth-snapshots", "drill")]);
    assert.match(lastLine(verified), /^verify failed: the repository of snapshots is damaged/);
    assert.match(lastLine(drilled), /^restore drill failed after \d+ s: /);
    await broken("cd /var/lib/restic; cp -rp kept/data .; rm -r kept");
    await Promise.all([berth("backup", "verify"), berth("backup", "drill")]);
  });

  test("another passphrase opens nothing", { skip: leftToTheNight }, async () => {
    const wrong = "echo another-passphrase-of-a-stack > /tmp/wrong; export RESTIC_PASSWORD_FILE=/tmp/wrong; exec berth-snapshots";
    for (const [command, last] of [["init", /cannot be used: berth:backupKey is not the key/], ["backup full", /^snapshots failed: /], ["drill", /^restore drill failed/], ["verify", /^verify failed/]] as const) {
      const ended = await run("backup", "sh", "-euc", `${wrong} ${command}`);
      assert.equal(ended.code, 1, ended.output);
      assert.match(lastLine(ended), last, command);
    }
  });
});

/** The alert on the archive, as Prometheus has it. */
async function archiveAlert(): Promise<string> {
  const [prometheus] = await project.containers("prometheus");
  const query = ["promtool", "query", "instant", "--http.config.file=/run/secrets/client.yml", "http://prometheus:9090", 'ALERTS{alertname="WalNotArchived"}'];
  return outputOf(docker, prometheus?.Id ?? "", { command: query });
}

describe("damage is told, and never passes for a good backup", { skip: leftToTheNight }, () => {
  test("a repository that takes no log any more, as with keys that were revoked: no alert yet", async () => {
    await query("SELECT pg_switch_wal()");
    assert.doesNotMatch(await archiveAlert(), /WalNotArchived/);
    const failed = async () => Number(await query("SELECT failed_count FROM pg_stat_archiver"));
    const before = await failed();
    await shell("chmod -R a-w /var/lib/pgbackrest/archive");
    await query("CREATE TABLE public.unarchived AS SELECT 1 AS id; SELECT pg_switch_wal()", "shop");
    await until(async () => (await failed()) > before);
  });

  test("a file of the repository that is cut off: verify and drill fail, and again succeed once it is whole", async () => {
    const file = await shell("cd /var/lib/pgbackrest/backup/main; find $(ls | grep F$ | tail -1) -name '*.zst' -path '*base*' -size +8k | sort | head -1");
    await shell(`cd /var/lib/pgbackrest/backup/main; cp -p ${file} ../../kept; truncate -s 4000 ${file}`);
    const [verified, drilled] = await Promise.all([refused("backup", "verify"), refused("backup", "drill")]);
    assert.match(verified, /verify failed: .*damaged/);
    assert.match(drilled, /restore drill failed after \d+ s: pgbackrest restore/);
    assert.equal(await metric("berth_restore_drill_success"), 0);
    await shell(`cd /var/lib/pgbackrest/backup/main; mv ../../kept ${file}`);
    await Promise.all([berth("backup", "verify"), berth("backup", "drill")]);
  });

  test("a drill whose server cannot start is failed", async () => {
    const { drill } = await parts();
    // As with a restored directory that no server runs on: the program is there and ends with an error.
    const script = "printf '#!/bin/sh\\necho damaged >&2\\nexit 1\\n' > /tmp/postgres; sed 's|\"$programs/postgres\"|sh /tmp/postgres|' /usr/local/bin/berth-backup > /tmp/drill; exec sh /tmp/drill drill";
    const ended = await runOnce(docker, drill, { stack: project.stack, command: ["sh", "-euc", script] });
    assert.equal(ended.code, 1, ended.output);
    assert.match(lastLine(ended), /^restore drill failed after \d+ s: Postgres did not start on the restored data$/);
    assert.equal(await metric("berth_restore_drill_success"), 0);
  });

  test("a drill for which there is no room is failed before it writes", async () => {
    const { drill } = await parts();
    const ended = await runOnce(docker, drill, { stack: project.stack, command: ["sh", "-euc", "sed 's|^  free=.*|  free=2048|' /usr/local/bin/berth-backup > /tmp/drill; exec sh /tmp/drill drill"] });
    assert.equal(ended.code, 1, ended.output);
    const [, needed] = /^restore drill failed after \d+ s: too little disk in \S+: (\d+) MiB are needed, and 2 MiB are free$/.exec(lastLine(ended)) ?? [];
    assert.ok(Number(needed) > 140, `${lastLine(ended)}: the database has some 20 MiB, and 128 stay free`);
  });

  test("another passphrase: nothing is listed, verified, restored or written", async () => {
    const { backup, drill } = await parts();
    const script = (command: string) => `mkdir /tmp/wrong; printf '[global]\\nrepo1-cipher-pass=%s\\n' another-passphrase-of-a-stack > /tmp/wrong/secrets.conf; export PGBACKREST_CONFIG_INCLUDE_PATH=/tmp/wrong; exec berth-backup ${command}`;
    const commands = { verify: /cannot be read: berth:backupKey is not the key/, drill: /restore drill failed/, "backup full": /backup failed/, stanza: /cannot be used/, check: /do not work/ };
    await Promise.all(
      Object.entries(commands).map(async ([command, last]) => {
        const ended = await runOnce(docker, command === "drill" ? drill : backup, { stack: project.stack, command: ["sh", "-euc", script(command)] });
        assert.equal(ended.code, 1, `${command}: ${ended.output}`);
        assert.match(lastLine(ended), last, command);
      }),
    );
    await berth("backup", "verify");
  });

  test("the log that is not archived is an alert, which ends once it is archived", async () => {
    await eventually("the alert is on its way", 150_000, async () => {
      const alerts = await archiveAlert();
      return /alertstate="(pending|firing)"/.test(alerts) ? undefined : `${alerts}; ${await query("SELECT * FROM pg_stat_archiver")}`;
    });
    await shell("chmod -R u+w /var/lib/pgbackrest/archive");
    await eventually("the alert is over", 120_000, async () => {
      const alerts = await archiveAlert();
      return alerts.includes("WalNotArchived") ? alerts : undefined;
    });
    assert.equal(await query("SELECT last_archived_time > last_failed_time FROM pg_stat_archiver"), "t");
  });

  test("a byte in a page of the server's own data: the backup fails, names the file, and prunes nothing", async () => {
    const before = await list();
    const file = await query("SELECT pg_relation_filepath('public.carts')", "shop");
    const { server } = await parts();
    await docker.getContainer(server.Id).stop({ t: 60 });
    await shell(`printf '\\377\\377' | dd of=${dataDirectory}/${file} bs=1 seek=12000 conv=notrunc status=none`, true);
    await docker.getContainer(server.Id).start();
    await until(async () => (await query("SELECT 1").catch(() => "")) === "1");
    const run = await project.berth(["backup", "--type", "full", "-s", project.stack]);
    assert.equal(run.code, 1, run.output);
    assert.match(run.output, new RegExp(`invalid page checksum found in file ${dataDirectory}/${file} at page 1`));
    assert.match(run.output.trimEnd().split("\n").at(-1) ?? "", /page checksums: the data of the server itself is damaged/);
    const after = await list();
    assert.deepEqual(after.map(({ good }) => good), [...before.map(() => true), false]);
    const [verified, drilled] = await Promise.all([refused("backup", "verify"), refused("backup", "drill")]);
    assert.match(verified, /made of damaged pages/);
    assert.match(drilled, /restore drill failed after \d+ s: (reading the tables|page checksums of the restored data)$/);
  });
});

test("another passphrase in the stack file stops the update before the server is touched", { skip: leftToTheNight }, async () => {
  const { server } = await parts();
  await configure("another-passphrase-of-a-stack");
  const run = await project.berth(["up", "-s", project.stack]);
  assert.equal(run.code, 1, run.output);
  assert.match(run.output, /the backup repository cannot be used/);
  const { State } = await docker.getContainer(server.Id).inspect();
  assert.equal(State.Running, true);
});

/** Whether a container has the hardening of the others, as the engine shows it. */
function hardened({ HostConfig, Config }: ContainerInspectInfo): void {
  assert.deepEqual([HostConfig.ReadonlyRootfs, HostConfig.CapDrop, HostConfig.SecurityOpt, Config.User], [true, ["ALL"], ["no-new-privileges:true"], "999:999"]);
  assert.ok((HostConfig.Memory ?? 0) > 0);
}
