import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { test } from "node:test";
import { type Given, settings } from "../deploy/dev-stack.ts";
import { until } from "../eventually.ts";
import { docker } from "../project.ts";
import { leftToTheNight } from "../slow.ts";
import { typed } from "./typed.ts";

/** A command in a container of its own. */
export function run(given: Given): void {
  test("run is a container like a replica, with its secrets and hardening, and is gone afterwards", async () => {
    const { project } = given();
    const script = "id -u; cat /run/secrets/KEY; echo; touch /x 2>&1; echo $POSTGRES_DB; cat; exit 9";
    const run = await typed(project, ["run", "members", "-s", project.stack, "--", "sh", "-c", script], "input\n");
    assert.equal(run.code, 9, run.output);
    const [user, secret, touch, database, input] = run.stdout.split("\n");
    assert.match(user ?? "", /^[1-5]\d{4}$/);
    assert.equal(secret, project.key);
    assert.match(touch ?? "", /Read-only file system/);
    assert.deepEqual([database, input], ["members", "input"]);
    assert.deepEqual(await project.containers("run"), []);
    const job = await project.berth(["run", "members", "-s", project.stack, "--", "perl", "/app/server.pl", "migrate"]);
    assert.equal(job.code, 0, job.output);
    const wrong = await project.berth(["run", "members", "-s", project.stack, "--", "no-such-program"]);
    assert.equal(wrong.code, 1);
    assert.match(wrong.output, /no-such-program/);
    assert.deepEqual(await project.containers("run"), []);
  });

  test("run outlives an up, is shown by status, and stops in good order when interrupted", { skip: leftToTheNight }, async () => {
    const { project } = given();
    const script = "trap 'echo stopped; exit 0' TERM; echo ready; while :; do sleep 0.1; done";
    const child = spawn("./berth", ["run", "members", "-s", project.stack, "--", "sh", "-c", script], { cwd: project.dir, env: project.environment });
    let text = "";
    child.stdout.setEncoding("utf8").on("data", (part: string) => (text += part));
    await until(() => Promise.resolve(text.includes("ready")));
    const [container] = await project.containers("run");
    const inspected = await docker.getContainer(container?.Id ?? "").inspect();
    assert.deepEqual([inspected.HostConfig.RestartPolicy?.Name, inspected.HostConfig.ReadonlyRootfs, inspected.State.Health], ["no", true, undefined]);
    await project.configure(settings("2"));
    await project.up();
    const { containers } = JSON.parse((await project.berth(["status", "-s", project.stack, "--json"])).stdout) as { containers: { part: string; state: string }[] };
    assert.deepEqual(containers.filter(({ part }) => part === "members/run").map(({ state }) => state), ["running"]);
    const ended = new Promise((resolve) => child.on("close", resolve));
    child.kill("SIGINT");
    assert.equal(await ended, 130);
    assert.match(text, /stopped/);
    assert.deepEqual(await project.containers("run"), []);
  });
}
