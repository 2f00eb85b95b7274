import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test, type TestContext } from "node:test";
import { backupParts } from "../../../cli/backup/container.ts";
import type { Backup } from "../../../cli/backup/list.ts";
import { sql } from "../../../cli/backup/restore-aside.ts";
import type { RowCount } from "../../../cli/backup/row-counts.ts";
import { outputOf } from "../../../docker/exec.ts";
import { eventually } from "../eventually.ts";
import { docker, Project } from "../project.ts";
import { Bucket } from "../servers/bucket.ts";
import { Keeper } from "./keeper.ts";

// Against a real S3 server of another project (servers/bucket.ts), not against S3 itself. One application has a database, another
// a cache and a volume: at the end the host is gone, with its state and without.

const keys = { key: "canary-access-key", secret: `canary-secret-${randomBytes(8).toString("hex")}` };

describe("backups in a bucket", () => {
  let project: Project;
  let bucket: Bucket;
  let keeper: Keeper;

  before(async () => {
    project = await Project.create("backup-s3");
    keeper = new Keeper(project);
    bucket = await Bucket.create({ name: `${project.stack}-s3`, folder: project.dir, bucket: "backups", keys, tls: true });
    await configure();
    await project.up();
  });
  after(async () => {
    await bucket[Symbol.asyncDispose]();
    await project[Symbol.asyncDispose]();
  });

  async function configure(secret = keys.secret): Promise<void> {
    const [key, hidden, passphrase] = await Promise.all([keys.key, secret, "canary-backup-key-5f2c9e"].map((value) => project.encrypted(value)));
    await project.configure((config) => {
      config["berth:apps"] = { members: { replicas: 1, memory: "128MiB" }, keeper: {} };
      config["berth:secrets"] = "generate";
      Object.assign(config, { "berth:backupKey": passphrase, "berth:s3Key": key, "berth:s3Secret": hidden });
      config["berth:postgres"] = { backup: { target: { s3: { bucket: "backups", endpoint: bucket.endpoint, uriStyle: "path", verifyTls: false } } } };
      delete config["members:KEY"];
    });
  }

  async function berth(...args: string[]): Promise<string> {
    const run = await project.berth([...args, "-s", project.stack]);
    assert.equal(run.code, 0, run.output);
    return run.stdout;
  }

  const query = async (text: string) => sql(docker, (await backupParts(docker, project.stack)).server.Id, text);
  const archived = () =>
    eventually("the log is archived", 90_000, async () => {
      const waiting = await query("SELECT count(*) FROM pg_ls_archive_statusdir() WHERE name LIKE '%.ready'");
      return waiting === "0" ? undefined : `${waiting} segments wait`;
    });
  /** The application's key is another one once the state is lost. */
  const addMember = async (handle: string) => project.addMember(handle, await insideMembers("cat /run/secrets/KEY"));
  const insideMembers = async (script: string) => {
    const [web] = await project.containers("web");
    return (await outputOf(docker, web?.Id ?? "", { command: ["sh", "-c", script] })).trim();
  };
  const objects = () => execFileSync("find", [join(project.dir, "s3", "backups"), "-type", "f"], { encoding: "utf8" });

  test("are made, listed, verified, and restored to the newest row", async () => {
    await query("CREATE TABLE public.carts AS SELECT g AS id FROM generate_series(1, 1000) g");
    await berth("backup", "--type", "full");
    const { backups } = JSON.parse(await berth("backup", "list", "--json")) as { backups: Backup[] };
    assert.deepEqual(backups.map(({ type, good }) => [type, good]), [["full", true]]);
    await query("INSERT INTO public.carts VALUES (1001)");
    await query("SELECT pg_switch_wal()");
    await berth("backup", "verify");
    await berth("backup", "drill");
    const { rows } = JSON.parse(await berth("restore", "--json")) as { rows: RowCount[] };
    assert.deepEqual(rows.filter(({ table }) => table === "public.carts"), [{ database: "postgres", table: "public.carts", live: 1001, restored: 1001 }]);
    await berth("restore", "--swap", "--yes");
    assert.equal(await query("SELECT count(*) FROM public.carts"), "1001");
  });

  test("are in a directory of the stack's own, and encrypted", () => {
    const files = objects().trim().split("\n");
    assert.ok(files.length > 100, `${files.length} objects`);
    for (const file of files) assert.ok(file.includes(`/s3/backups/berth-${project.stack}/`), file);
    const store = join(project.dir, "s3", "backups");
    const shell = (script: string) => execFileSync("sh", ["-c", script, "sh", store], { encoding: "utf8" });
    assert.equal(shell('head -qc 8 $(find "$1" -type f -size +0 -not -path "*/restic/*") | tr -d "\\n" | sed "s/Salted__//g"'), "");
    assert.ok(files.filter((file) => file.includes("/restic/data/")).length > 0);
    assert.equal(shell("grep -rlE '\"(tree|nodes|packs|chunker_polynomial)\"' \"$1\" || true"), "", "restic's own files are JSON before they are encrypted");
  });

  test("have keys that no inspect and no log shows", async () => {
    for (const { Id } of await project.containers()) {
      const container = docker.getContainer(Id);
      const shown = JSON.stringify(await container.inspect()) + (await container.logs({ stdout: true, stderr: true })).toString();
      for (const canary of [keys.key, keys.secret, "canary-backup-key"]) assert.ok(!shown.includes(canary), canary);
    }
  });

  test("fail while the store does not answer, and go on once it does; no row is lost", async () => {
    await bucket.stop();
    // A backup tries for minutes before it fails; the list says it sooner.
    const run = await project.berth(["backup", "list", "-s", project.stack]);
    assert.equal(run.code, 1, run.output);
    assert.match(run.output, /the store does not answer as it should/);
    await query("INSERT INTO public.carts VALUES (1002)");
    await query("SELECT pg_switch_wal()");
    await bucket.start();
    await archived();
    const { rows } = JSON.parse(await berth("restore", "--json")) as { rows: RowCount[] };
    assert.equal(rows.find(({ table }) => table === "public.carts")?.restored, 1002);
    await berth("restore", "--discard");
  });

  /** All that the stack has on its host, but not the checkout; the bucket is another host's. */
  async function lose(): Promise<void> {
    const filters = { label: [`berth.stack=${project.stack}`] };
    const containers = await docker.listContainers({ all: true, filters });
    await Promise.all(containers.map(({ Id }) => docker.getContainer(Id).remove({ force: true, v: true })));
    const [networks, { Volumes }, images] = await Promise.all([docker.listNetworks({ filters }), docker.listVolumes({ filters }), docker.listImages()]);
    await Promise.all([...networks.map(({ Id }) => docker.getNetwork(Id).remove()), ...Volumes.map(({ Name }) => docker.getVolume(Name).remove())]);
    const built = images.flatMap(({ RepoTags, RepoDigests }) => [...(RepoTags ?? []), ...(RepoDigests ?? [])]).filter((name) => name.startsWith(`127.0.0.1:${project.registryPort}/`));
    for (const name of built) await docker.getImage(name).remove({ force: true }).catch(() => undefined); // gone with another of its names
    assert.deepEqual([(await project.containers()).length, await project.volumes("data")], [0, []]);
  }

  test("bring a stack back on an empty host with the state at hand: three commands, and all of its data", (t) => comesBack(t, "kept"));

  test("bring a stack back on an empty host with the state lost, and new passwords: the same commands", (t) => comesBack(t, "lost"));

  async function comesBack(t: TestContext, state: "kept" | "lost"): Promise<void> {
    const handle = `state-${state}`;
    assert.equal(await addMember(handle), 201);
    await keeper.put(handle);
    await berth("backup", "--type", "full");
    assert.equal(await addMember(`${handle}-after`), 201);
    const [held, members] = [await keeper.held(), await project.members()];
    await query("SELECT pg_switch_wal()");
    await archived();
    await lose();
    if (state === "lost") rmSync(join(project.dir, ".berth"), { recursive: true });

    const began = Date.now();
    const first = await project.berth(["up", "--data-lost", "-s", project.stack]);
    assert.equal(first.code, 1, first.output);
    assert.match(first.output, /restore that one: \.\/berth restore/);
    const up = Date.now();
    await berth("restore", "--all", "--yes");
    const restored = Date.now();
    await project.up();
    const seconds = [up - began, restored - up, Date.now() - restored, Date.now() - began].map((time) => Math.round(time / 1000));
    t.diagnostic(`up ${seconds[0]} s, restore --all ${seconds[1]} s, up ${seconds[2]} s; ${seconds[3]} s in all`);

    assert.deepEqual(await keeper.held(), held);
    assert.deepEqual(await project.members(), members);
    assert.equal(await addMember(`${handle}-again`), 201, "the application's role has the password that it is given");
    await berth("backup", "--type", "full");
    await berth("backup", "drill");
    assert.deepEqual((await project.up()).changes, {});
  }

  test("with a wrong key stop the update before the server is touched", async () => {
    const { server } = await backupParts(docker, project.stack);
    await configure("another-secret");
    const run = await project.berth(["up", "-s", project.stack]);
    assert.equal(run.code, 1, run.output);
    assert.match(run.output, /the backup repository cannot be used/);
    assert.equal((await docker.getContainer(server.Id).inspect()).State.Running, true);
  });
});
