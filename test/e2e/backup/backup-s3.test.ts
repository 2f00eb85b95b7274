import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { backupParts } from "../../../cli/backup/container.ts";
import type { Backup } from "../../../cli/backup/list.ts";
import { sql } from "../../../cli/backup/restore-aside.ts";
import type { RowCount } from "../../../cli/backup/row-counts.ts";
import lock from "../../../config/images.lock.json" with { type: "json" };
import { docker, freePort, Project } from "../project.ts";

// Against a real S3 server of another project, not against S3 itself: Versity's gateway, which is one static program:
//   CGO_ENABLED=0 go install github.com/versity/versitygw/cmd/versitygw@v1.0.14
const gateway = process.env["BERTH_S3_GATEWAY"];
const skip = gateway === undefined ? "no S3 server: set BERTH_S3_GATEWAY to the program versitygw" : false;

const keys = { key: "canary-access-key", secret: `canary-secret-${randomBytes(8).toString("hex")}` };

describe("backups in a bucket", { skip }, () => {
  let project: Project;
  let endpoint = "";

  before(async () => {
    project = await Project.create("backup-s3");
    endpoint = await startGateway(project);
    await configure();
    await project.up();
  });
  after(async () => {
    await docker.getContainer(`${project.stack}-s3`).remove({ force: true });
    await project[Symbol.asyncDispose]();
  });

  async function configure(secret = keys.secret): Promise<void> {
    const [key, hidden, passphrase] = await Promise.all([keys.key, secret, "canary-backup-key-5f2c9e"].map((value) => project.encrypted(value)));
    await project.configure((config) => {
      config["berth:apps"] = {};
      config["berth:secrets"] = "generate";
      Object.assign(config, { "berth:backupKey": passphrase, "berth:s3Key": key, "berth:s3Secret": hidden });
      config["berth:postgres"] = { backup: { target: { s3: { bucket: "backups", endpoint, uriStyle: "path", verifyTls: false } } } };
      delete config["members:KEY"];
    });
  }

  async function berth(...args: string[]): Promise<string> {
    const run = await project.berth([...args, "-s", project.stack]);
    assert.equal(run.code, 0, run.output);
    return run.stdout;
  }

  const query = async (text: string) => sql(docker, (await backupParts(docker, project.stack)).server.Id, text);
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
    assert.deepEqual(rows, [{ database: "postgres", table: "public.carts", live: 1001, restored: 1001 }]);
    await berth("restore", "--swap", "--yes");
    assert.equal(await query("SELECT count(*) FROM public.carts"), "1001");
  });

  test("are in a directory of the stack's own, and encrypted", () => {
    const files = objects().trim().split("\n");
    assert.ok(files.length > 100, `${files.length} objects`);
    for (const file of files) assert.ok(file.includes(`/s3/backups/berth-${project.stack}/`), file);
    assert.equal(execFileSync("sh", ["-c", 'head -qc 8 $(find "$1" -type f -size +0) | tr -d "\\n" | sed "s/Salted__//g"', "sh", join(project.dir, "s3", "backups")], { encoding: "utf8" }), "");
  });

  test("have keys that no inspect and no log shows", async () => {
    for (const { Id } of await project.containers()) {
      const container = docker.getContainer(Id);
      const shown = JSON.stringify(await container.inspect()) + (await container.logs({ stdout: true, stderr: true })).toString();
      for (const canary of [keys.key, keys.secret, "canary-backup-key"]) assert.ok(!shown.includes(canary), canary);
    }
  });

  test("fail while the store does not answer, and go on once it does; no row is lost", async () => {
    const store = docker.getContainer(`${project.stack}-s3`);
    await store.stop({ t: 5 });
    // A backup tries for minutes before it fails; the list says it sooner.
    const run = await project.berth(["backup", "list", "-s", project.stack]);
    assert.equal(run.code, 1, run.output);
    assert.match(run.output, /the store does not answer as it should/);
    await query("INSERT INTO public.carts VALUES (1002)");
    await query("SELECT pg_switch_wal()");
    await store.start();
    const waiting = "SELECT count(*) FROM pg_ls_archive_statusdir() WHERE name LIKE '%.ready'";
    for (let round = 0; (await query(waiting)) !== "0"; round += 1) {
      assert.ok(round < 90, "the log is archived within 90 s");
      await sleep(1000);
    }
    const { rows } = JSON.parse(await berth("restore", "--json")) as { rows: RowCount[] };
    assert.equal(rows[0]?.restored, 1002);
    await berth("restore", "--discard");
  });

  test("with a wrong key stop the update before the server is touched", async () => {
    const { server } = await backupParts(docker, project.stack);
    await configure("another-secret");
    const run = await project.berth(["up", "-s", project.stack]);
    assert.equal(run.code, 1, run.output);
    assert.match(run.output, /the backup repository cannot be used/);
    assert.equal((await docker.getContainer(server.Id).inspect()).State.Running, true);
  });
});

/** A store with one bucket, by HTTPS with a certificate that nobody trusts, on the address of Docker's bridge. */
async function startGateway(project: Project): Promise<string> {
  const folder = join(project.dir, "s3");
  mkdirSync(join(folder, "backups"), { recursive: true });
  const made = ["-keyout", join(project.dir, "key.pem"), "-out", join(project.dir, "cert.pem")];
  execFileSync("openssl", ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=s3", ...made], { stdio: "ignore" });
  const bridge = (await docker.getNetwork("bridge").inspect()) as { IPAM: { Config: { Gateway: string }[] } };
  const address = bridge.IPAM.Config[0]?.Gateway ?? "";
  const port = await freePort();
  const container = await docker.createContainer({
    name: `${project.stack}-s3`,
    Image: lock.toolbox,
    Entrypoint: ["/versitygw"],
    Cmd: ["--port", ":7070", "--cert", "/tls/cert.pem", "--key", "/tls/key.pem", "posix", "--sidecar", "/meta", "/s3"],
    Env: [`ROOT_ACCESS_KEY_ID=${keys.key}`, `ROOT_SECRET_ACCESS_KEY=${keys.secret}`],
    Labels: { "berth.test": project.stack },
    ExposedPorts: { "7070/tcp": {} },
    HostConfig: {
      Binds: [`${gateway}:/versitygw:ro`, `${project.dir}:/tls:ro`, `${folder}:/s3`],
      Tmpfs: { "/meta": "size=64m" },
      PortBindings: { "7070/tcp": [{ HostIp: address, HostPort: String(port) }] },
    },
  });
  await container.start();
  return `${address}:${port}`;
}
