import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { until } from "../eventually.ts";
import { docker } from "../project.ts";
import { leftToTheNight } from "../slow.ts";
import { canary, configureKinds, type Given, readData } from "./kinds.ts";

/** A worker with a volume, and its jobs. */
export function workers(given: Given): void {
  test("starts after its jobs, which ran in their order", async () => {
    const { project } = given();
    assert.deepEqual(await readData(project, "jobs"), ["migrate", "seed"]);
    assert.equal((await readData(project, "starts")).length, 1);
  });

  test("may write to its directory in memory, /run by its other name, and not to the secrets in it", async () => {
    const { project } = given();
    const [worker] = await project.containers("worker");
    const script = "touch /run/pid && grep -c '^tmpfs /run tmpfs rw,nosuid,nodev,noexec' /proc/mounts; cat /run/secrets/TOKEN; touch /run/secrets/other 2>&1";
    const text = execFileSync("docker", ["exec", worker?.Id ?? "", "sh", "-c", `${script}; true`], { encoding: "utf8" });
    assert.match(text, new RegExp(`^1\\n${canary}\\s*touch: .*Read-only file system`));
  });

  test("has no way out, not even to the edge", async () => {
    const { project } = given();
    const [worker] = await project.containers("worker");
    const { NetworkSettings } = await docker.getContainer(worker?.Id ?? "").inspect();
    const [network, ...others] = Object.keys(NetworkSettings.Networks);
    assert.deepEqual(others, []);
    assert.equal(((await docker.getNetwork(network ?? "").inspect()) as { Internal: boolean }).Internal, true);
  });

  test("a new version stops the worker before the next one starts, and the data is there still", async () => {
    const { project } = given();
    await configureKinds(project, "2", { env: { NOTES_TITLE: "notes" } });
    await project.up();
    assert.equal((await project.containers("worker")).length, 1);
    assert.equal((await readData(project, "starts")).length, 2);
  });

  test("leaves the stack, which goes on without it; its volume stays, and it finds its data when it comes back", { skip: leftToTheNight }, async () => {
    const { project } = given();
    const volume = `berth-${project.stack}-robot-volume-data`;
    const starts = await readData(project, "starts");
    await configureKinds(project, undefined, { env: { NOTES_TITLE: "notes" } });
    const preview = await project.berth(["preview", "-s", project.stack]);
    assert.equal(preview.code, 0, preview.output);
    assert.match(preview.stdout, new RegExp(`the volume ${volume} leaves the stack and stays on the Docker host .*docker volume rm ${volume}`));
    const asked = await project.berth(["up", "-s", project.stack]);
    assert.equal(asked.code, 2, asked.output);
    assert.match(asked.output, new RegExp(`asks before it takes robot, ${volume} out of a stack of production.* add --yes`));
    const up = await project.berth(["up", "-s", project.stack, "--yes"]);
    assert.equal(up.code, 0, up.output);
    assert.match(up.output, new RegExp(`the volume ${volume} has left the stack and stays on the Docker host: .*docker volume rm ${volume}`));
    assert.deepEqual(await project.containers("worker"), []);
    assert.deepEqual((await project.up()).changes, {}, "every later up works");
    assert.ok((await project.volumes("data")).includes(volume));
    await configureKinds(project, "2", { env: { NOTES_TITLE: "notes" } });
    const back = await project.berth(["up", "-s", project.stack]);
    assert.equal(back.code, 0, back.output);
    assert.match(back.output, new RegExp(`on the Docker host already, and used again with the data in it: ${volume}`));
    const now = await readData(project, "starts");
    assert.deepEqual([now.slice(0, -1), now.length], [starts, starts.length + 1]);
  });

  test("a worker that always fails is restarted as often as maxRestarts says, and stays down", { skip: leftToTheNight }, async () => {
    const { project } = given();
    const [worker] = await project.containers("worker");
    const container = docker.getContainer(worker?.Id ?? "");
    execFileSync("docker", ["exec", worker?.Id ?? "", "touch", "/data/fail"]);
    await until(async () => (await container.inspect()).State.Status === "exited");
    const { RestartCount, State } = await container.inspect();
    assert.deepEqual([RestartCount, State.ExitCode], [2, 1]);
  });
}
