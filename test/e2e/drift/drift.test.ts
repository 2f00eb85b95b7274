import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, globSync, readFileSync, statSync } from "node:fs";
import { hostname, userInfo } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import lock from "../../../config/images.lock.json" with { type: "json" };
import type { DriftReport } from "../../../cli/drift/compare.ts";
import type { Preview } from "../../../cli/preview/model.ts";
import { until } from "../eventually.ts";
import { docker, engine, Project, type UpResult } from "../project.ts";
import { withTick } from "../tick.ts";

let project: Project;
const stateFolder = engine === "pulumi" ? ".berth/state" : ".berth/embedded";
/** Made by hand: not a part of the stack, though it says so. */
const strange = () => `${project.stack}-by-hand`;

before(async () => {
  project = await Project.create("drift");
  await withTick(project);
  // On the CLI the stack is one that it takes over below.
  const made = await project.berth(["up", "-s", project.stack, "--engine", "embedded"]);
  assert.equal(made.code, 0, made.output);
});
after(async () => project[Symbol.asyncDispose]());

async function drift(code: number): Promise<DriftReport> {
  const run = await project.berth(["drift", "-s", project.stack, "--json"]);
  assert.equal(run.code, code, run.output);
  return JSON.parse(run.stdout) as DriftReport;
}

/** Every file of the state, by its content. */
function stateFiles(): Record<string, string> {
  const files = globSync("**/*", { cwd: join(project.dir, stateFolder) }).map((file) => join(project.dir, stateFolder, file));
  const content = (file: string) => createHash("sha256").update(readFileSync(file)).digest("hex");
  return Object.fromEntries(files.filter((file) => statSync(file).isFile()).map((file) => [file, content(file)]));
}

/** The container that a resource of the program made: its name, and a suffix. */
async function of(resource: string) {
  const found = (await project.containers()).find(({ Names }) => new RegExp(`^/${resource}-[0-9a-f]{7}$`).test(Names[0] ?? ""));
  assert.ok(found, resource);
  return docker.getContainer(found.Id);
}

const world = async () => (await project.containers()).map(({ Id, State, Names }) => `${Id} ${State} ${Names[0]}`).toSorted();

if (engine === "pulumi") {
  test("the CLI takes a stack over from the embedded engine: nothing is changed, also by an update with a refresh", async () => {
    const before = await world();
    const looking = await project.berth(["drift", "-s", project.stack]);
    assert.equal(looking.code, 1, looking.output);
    assert.match(looking.output, /runs on the embedded engine, .* up -s \S+ --engine pulumi takes it over/);
    const taken = await project.berth(["up", "-s", project.stack, "--json"]);
    assert.equal(taken.code, 0, taken.output);
    assert.match(taken.output, /is the Pulumi CLI's now: it has taken over .* stays as a backup in \.berth\/embedded\/\S+\.taken-over-/);
    assert.deepEqual((JSON.parse(taken.stdout) as UpResult).changes, {});
    assert.equal(globSync(`${project.stack}.*.json`, { cwd: join(project.dir, ".berth/embedded") }).filter((file) => file.includes("taken-over")).length, 1);
    const environment = { ...project.environment, PULUMI_BACKEND_URL: `file://${project.dir}/.berth/state` };
    const refreshed = execFileSync("pulumi", ["up", "--refresh", "--yes", "--skip-preview", "--json", "--non-interactive", "-s", project.stack], { cwd: project.dir, env: environment, encoding: "utf8", maxBuffer: 1 << 28 });
    const changes = /"resourceChanges":\s*(\{[^}]*\})/.exec(refreshed)?.[1] ?? "none are told";
    assert.deepEqual(Object.keys(JSON.parse(changes) as object), ["same"], changes);
    assert.deepEqual(await world(), before, "containers are others");
  });
}

test("a stack as it was made has no drift, and is well", async () => {
  const status = await project.berth(["status", "-s", project.stack]);
  assert.equal(status.code, 0, status.output);
  const { drifts, compared } = await drift(0);
  assert.deepEqual(drifts.filter(({ harmful }) => harmful), []);
  assert.ok(compared > 50, String(compared));
});

test("what was removed or changed by hand is shown with its harm and its repair; neither side is changed", async () => {
  const [removed, limited, stopped, joined, job] = await Promise.all(["tick-web-0", "tick-web-1", "node-exporter", "redis-exporter", "postgres-init"].map(of));
  const edge = Object.keys((await limited?.inspect())?.NetworkSettings.Networks ?? {}).find((name) => name.endsWith("-edge")) ?? "";
  await removed?.remove({ force: true });
  await limited?.update({ Memory: 96 * 2 ** 20, MemorySwap: 96 * 2 ** 20, RestartPolicy: { Name: "no" } });
  await docker.getNetwork(edge).disconnect({ Container: limited?.id, Force: true });
  await stopped?.stop();
  await docker.getNetwork("bridge").connect({ Container: joined?.id });
  await job?.remove();
  const labels = { "berth.stack": project.stack };
  await docker.createContainer({ name: strange(), Image: lock.toolbox, Cmd: ["true"], Labels: labels });
  await docker.createVolume({ Name: strange(), Labels: labels });

  const status = await project.berth(["status", "-s", project.stack, "--json"]);
  assert.equal(status.code, 5, status.output);
  const { well, problems } = JSON.parse(status.stdout) as { well: boolean; problems: string[] };
  assert.equal(well, false);
  assert.deepEqual(problems.map((problem) => problem.replace(/-[0-9a-f]{7} /, " ").replace(/, with code \d+/, "")).toSorted(), ["node-exporter is exited", "tick-web-0 is gone, though the state has it", `${strange()} is created`].toSorted(), status.stdout);

  const [files, containers] = [stateFiles(), await world()];
  // They take no lock, and none is in another's way.
  const [preview, { drifts, harmful }, text] = await Promise.all([project.berth(["preview", "-s", project.stack, "--json"]), drift(4), project.berth(["drift", "-s", project.stack])]);
  assert.equal(preview.code, 0, preview.output);
  const { byHand } = JSON.parse(preview.stdout) as Pick<Preview, "byHand">;
  assert.ok(Array.isArray(byHand), JSON.stringify(byHand));
  assert.deepEqual(byHand.map(({ part, resource, is, how, restarts }) => [part, resource, is.split(" ")[0], how, restarts].join(" ")).toSorted(), [
    "monitoring node-exporter stopped, started true",
    "monitoring redis-exporter on set back false",
    "tick tick-web-0 no made again true",
    "tick tick-web-1 memory set back false",
    "tick tick-web-1 not set back false",
  ]);
  assert.deepEqual(stateFiles(), files);
  assert.deepEqual(await world(), containers);
  const up = `./berth up -s ${project.stack}`;
  const told = drifts.map(({ resource, what, repair, harmful: harm }) => [resource, what, harm, repair]);
  for (const expected of [
    ["tick-web-0", "missing", true, up],
    ["tick-web-1", "limits", true, up],
    ["tick-web-1", "disconnected", true, up],
    ["node-exporter", "stopped", true, up],
    ["redis-exporter", "connected", true, up],
    [strange(), "stray", true, `docker rm -f ${strange()}`],
    ["postgres-init", "missing", false, ""],
    [strange(), "stray", false, `docker volume rm ${strange()}`],
  ]) {
    assert.ok(told.some((drifted) => JSON.stringify(drifted) === JSON.stringify(expected)), `${JSON.stringify(expected)} in ${JSON.stringify(told)}`);
  }
  assert.equal(harmful, 6, JSON.stringify(told));
  assert.equal(text.code, 4);
  assert.match(text.stdout, /^harmful {2}container tick-web-1: memory 96 MiB, 96 MiB with swap, restart no \(the state says: memory 64 MiB, 64 MiB with swap, restart unless-stopped\)$/m);
});

test("up repairs it, without a restart of what could be set back; then there is no drift, and nothing to change", async () => {
  const kept = await Promise.all(["tick-web-1", "node-exporter", "redis-exporter"].map(of));
  const { changes } = await project.up();
  // The replica, and the job that writes the routes to its new name. The embedded engine makes again whatever is gone.
  assert.deepEqual(changes, { create: engine === "embedded" ? 2 : 1, replace: 1 });
  assert.equal((await project.get("/", "tick")).status, 200);
  const [limited, started, joined] = await Promise.all(kept.map((container) => container.inspect()));
  assert.deepEqual([limited?.HostConfig.Memory, limited?.HostConfig.RestartPolicy?.Name], [64 * 2 ** 20, "unless-stopped"]);
  assert.ok(Object.keys(limited?.NetworkSettings.Networks ?? {}).some((name) => name.endsWith("-edge")));
  assert.equal(started?.State.Running, true);
  assert.deepEqual(Object.keys(joined?.NetworkSettings.Networks ?? {}).filter((name) => name === "bridge"), []);
  assert.equal((await project.containers("web")).length, 2);

  // As the report says: what is not of the stack is its owner's to remove.
  await docker.getContainer(strange()).remove({ force: true });
  assert.deepEqual((await drift(0)).drifts.filter(({ harmful }) => harmful), []);
  assert.deepEqual((await project.up()).changes, {});
});

for (const winner of engine === "pulumi" ? ["./berth up", "pulumi up"] : ["./berth up"]) {
  test(`of two updates at once ${winner} goes on, and ./berth up names its user, process and host, and since when`, async () => {
    await withTick(project, winner === "pulumi up" ? 5 : 4);
    const environment = { ...project.environment, ...(winner === "pulumi up" && { PULUMI_BACKEND_URL: `file://${project.dir}/.berth/state` }) };
    const [command = "", ...args] = winner === "pulumi up" ? ["pulumi", "up", "--yes", "--skip-preview", "-s", project.stack] : ["./berth", "up", "-s", project.stack];
    const child = spawn(command, args, { cwd: project.dir, env: environment, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (text: string) => (output += text));
    const ended = new Promise((resolve) => child.once("close", resolve));
    await until(() => Promise.resolve(locked()));
    const loser = await project.berth(["up", "-s", project.stack]);
    assert.equal(loser.code, 1, loser.output);
    const holder = new RegExp(`is being changed by process \\d+ of ${userInfo().username} on ${hostname()} since \\d{4}-\\d\\d-\\d\\dT[^ ]+: wait until it has ended and run this again`);
    assert.match(loser.output, holder);
    assert.equal(await ended, 0, output);
  });
}

test("after them there is nothing to change", async () => {
  assert.deepEqual((await project.up()).changes, {});
});

function locked(): boolean {
  if (engine === "embedded") return existsSync(join(project.dir, stateFolder, `${project.stack}.json.lock`));
  return globSync(".pulumi/locks/**/*.json", { cwd: join(project.dir, stateFolder) }).length > 0;
}
