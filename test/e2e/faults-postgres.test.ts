import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import images from "../../images.lock.json" with { type: "json" };
import { eventually } from "./eventually.ts";
import { docker, Project } from "./project.ts";
import { slowLink } from "./slow-link.ts";

// One stack for the whole file. Its data volume is a small file system of its own, where the machine can mount one, so
// that it can be filled.
let project: Project;
let disk: { folder: string; device: string } | undefined;

before(async () => {
  project = await Project.create("postgres");
  disk = smallDisk();
  if (disk !== undefined) {
    await docker.createVolume({
      Name: `berth-${project.stack}-postgres-data`,
      Driver: "local",
      DriverOpts: { type: "ext4", device: disk.device },
      Labels: { "berth.stack": project.stack, "berth.role": "data" },
    });
  }
  await project.up();
});
after(async () => {
  await project[Symbol.asyncDispose]();
  if (disk === undefined) return;
  execFileSync("losetup", ["-d", disk.device]);
  rmSync(disk.folder, { recursive: true });
});

/** 600 MiB in a file, formatted; undefined where there are no loop devices. */
function smallDisk(): typeof disk {
  const folder = mkdtempSync(join(tmpdir(), "berth-disk-"));
  try {
    const image = join(folder, "disk");
    execFileSync("truncate", ["-s", "600M", image]);
    execFileSync("mkfs.ext4", ["-q", image], { stdio: "pipe" });
    return { folder, device: execFileSync("losetup", ["-f", "--show", image], { encoding: "utf8", stdio: "pipe" }).trim() };
  } catch {
    rmSync(folder, { recursive: true });
    return undefined;
  }
}

async function server(): Promise<string> {
  const [postgres] = await project.containers("postgres");
  return postgres?.Id ?? "";
}

/** All handles in the database; the API gives a page of them. */
async function handles(): Promise<string[]> {
  const query = ["psql", "-h", "/var/run/postgresql", "-U", "postgres", "-At", "root", "-c", "select handle from members order by handle"];
  return execFileSync("docker", ["exec", "-u", "999", await server(), ...query], { encoding: "utf8" }).split("\n").filter(Boolean);
}

const log = async () => (await docker.getContainer(await server()).logs({ stdout: true, stderr: true })).toString();
const health = async () => (await project.get("/health").catch((error: unknown) => ({ status: 0, body: String(error) }))).status;
const healthy = (within: number) => eventually("the application is healthy", within, async () => ((await health()) === 200 ? undefined : String(await health())));

test("killed during writes, it has every acknowledged one, and answers within 30 s", async () => {
  const acknowledged: string[] = [];
  const end = { at: Date.now() + 120_000 };
  const writer = (async () => {
    for (let number = 0; Date.now() < end.at; number += 1) {
      const handle = `writer-${number}`;
      const result = await project.addMember(handle).catch(() => ({ errors: [{}] }));
      if (result.errors === undefined) acknowledged.push(handle);
    }
  })();
  await eventually("30 writes are acknowledged", 30_000, () => Promise.resolve(acknowledged.length >= 30 ? undefined : String(acknowledged.length)));
  const { State } = await docker.getContainer(await server()).inspect();
  process.kill(State.Pid, "SIGKILL");
  const before = acknowledged.length;
  await eventually("writes are acknowledged again", 30_000, () => Promise.resolve(acknowledged.length > before + 5 ? undefined : String(acknowledged.length)));
  end.at = 0;
  await writer;
  const kept = new Set(await handles());
  assert.deepEqual(acknowledged.filter((handle) => !kept.has(handle)), []);
  assert.match(await log(), /database system was not properly shut down; automatic recovery in progress/);
});

test("replaced by a change of its settings, it was shut down in order and recovers nothing", async () => {
  const before = await server();
  await project.configure((config) => void (config["berth:postgres"] = { connections: 60 }));
  await project.up();
  assert.notEqual(await server(), before);
  const lines = await log();
  assert.match(lines, /database system was shut down at/);
  assert.doesNotMatch(lines, /not properly shut down|automatic recovery/);
  await healthy(10_000);
});

test("cut off for 60 s, it makes the application answer 503, and 200 within 10 s after, without a restart of either", async () => {
  const network = docker.getNetwork(`berth-${project.stack}-app-root`);
  const started = async () => Promise.all((await project.containers("web")).map(async ({ Id }) => (await docker.getContainer(Id).inspect()).State.StartedAt));
  const before = await started();
  await network.disconnect({ Container: await server() });
  await eventually("the application says that it can't serve", 20_000, async () => ((await health()) === 200 ? "200" : undefined));
  const cut = Date.now();
  // The time that the fault lasts is the fault.
  await eventually("60 s have passed", 65_000, () => Promise.resolve(Date.now() - cut > 60_000 ? undefined : "not yet"));
  assert.notEqual(await health(), 200);
  await network.connect({ Container: await server(), EndpointConfig: { Aliases: ["postgres"] } });
  await healthy(10_000);
  assert.deepEqual(await started(), before);
});

// The kernel may lack sch_netem; see slow-link.ts for what stands for the loss of packets. The replicas are asked
// themselves, each by more clients than its pool has connections.
test("behind a link of 300 ms that loses a packet in 20, 15 clients of a replica with 10 connections get their answers", async (context) => {
  const name = `berth-${project.stack}-app-root`;
  const network = docker.getNetwork(name);
  const container = await server();
  const move = async (alias: string) => {
    await network.disconnect({ Container: container });
    await network.connect({ Container: container, EndpointConfig: { Aliases: [alias] } });
  };
  const replicas = (await project.containers("web")).map(({ NetworkSettings }) => NetworkSettings.Networks[name]?.IPAddress);
  const ask = async (replica: string | undefined) => {
    const question = { method: "POST", headers: { "content-type": "application/json" }, body: '{"query":"{ members { handle } }"}', signal: AbortSignal.timeout(15_000) };
    const { errors } = (await (await fetch(`http://${replica}:3000/graphql`, question)).json()) as { errors?: unknown };
    return errors === undefined ? undefined : JSON.stringify(errors);
  };
  await move("postgres-behind");
  const link = await docker.createContainer({ ...slowLink(images.toolbox, name, "postgres", "postgres-behind", { latency: 300, loss: 20 }), Labels: { "berth.stack": project.stack } });
  try {
    await link.start();
    // None may stay on the way that it had.
    execFileSync("docker", ["exec", "-u", "999", container, "psql", "-h", "/var/run/postgresql", "-U", "postgres", "-c", "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'root'"]);
    for (const replica of replicas) await eventually("a replica answers", 20_000, () => ask(replica).catch(String));
    await healthy(20_000);
    const times: number[] = [];
    const failures: string[] = [];
    const client = async (replica: string | undefined) => {
      for (let turn = 0; turn < 8; turn += 1) {
        const started = performance.now();
        const failure = await ask(replica).catch(String);
        times.push(performance.now() - started);
        if (failure !== undefined) failures.push(failure);
      }
    };
    await Promise.all(replicas.flatMap((replica) => Array.from({ length: 15 }, () => client(replica))));
    const [half = 0, most = 0] = [0.5, 0.95].map((share) => Math.round(times.toSorted((a, b) => a - b)[Math.floor(times.length * share)] ?? 0));
    context.diagnostic(`${times.length} requests: p50 ${half} ms, p95 ${most} ms`);
    assert.deepEqual(failures, []);
    assert.ok(half > 300, `half of the requests took less than the link, ${half} ms`);
  } finally {
    await link.remove({ force: true });
    await move("postgres");
  }
  await healthy(20_000);
});

test("with its volume full it refuses writes, and takes them again once there is space, with nothing lost", async (context) => {
  if (disk === undefined) {
    context.skip("this machine has no loop devices for a small file system");
    return;
  }
  const before = await handles();
  const inside = (script: string) => execFileSync("docker", ["exec", "-u", "999", "-i", containerId, "sh", "-c", script], { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
  const containerId = await server();
  const psql = (sql: string) => inside(`psql -h /var/run/postgresql -U postgres -v ON_ERROR_STOP=1 -Atc "${sql}" root 2>&1; true`);
  inside("head -c 2000M /dev/zero > /var/lib/postgresql/data/filler || true");
  assert.match(psql("create table big as select repeat('x', 1000) from generate_series(1, 100000)"), /No space left on device/);
  inside("rm /var/lib/postgresql/data/filler");
  await eventually("it takes a write", 60_000, async () => ((await project.addMember("after-full").catch(() => ({ errors: [{}] }))).errors === undefined ? undefined : "refused"));
  assert.deepEqual(await handles(), [...before, "after-full"].toSorted());
  assert.equal(psql("select count(*) from pg_stat_database where checksum_failures > 0").trim(), "0");
});

test("an image without its version is refused by a failed update, and the data is as it was", async () => {
  const before = await handles();
  const settings = (images: Record<string, string>) => project.configure((config) => {
    config["berth:postgres"] = { connections: 60 };
    config["berth:images"] = images;
  });
  await settings({ postgres: "debian:trixie-slim" });
  const run = await project.berth(["up", "-s", project.stack]);
  assert.notEqual(run.code, 0);
  assert.match(run.output, /\/usr\/lib\/postgresql\/17\/bin\/postgres/);
  await settings({});
  await project.up();
  await healthy(30_000);
  assert.deepEqual(await handles(), before);
});
