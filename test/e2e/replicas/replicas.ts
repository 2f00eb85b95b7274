import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import type { Given } from "../deploy/dev-stack.ts";
import { startLoad } from "../load.ts";
import { docker, type Project } from "../project.ts";
import { leftToTheNight } from "../slow.ts";

/** Replicas of the web server, with when each was started. */
async function replicas({ containers }: { containers: Project["containers"] }): Promise<{ id: string; started: string; state: string }[]> {
  const found = await Promise.all((await containers("web")).map(({ Id }) => docker.getContainer(Id).inspect()));
  return found.map(({ Id, State }) => ({ id: Id, started: State.StartedAt, state: State.Health?.Status ?? "" })).toSorted((a, b) => a.id.localeCompare(b.id));
}

/** Restarting, and another number of replicas. */
export function replicasOf(given: Given): void {
  const web = () => replicas({ containers: (role) => given().project.containers(role) });

  test("a restart under load restarts each replica, one after the other, and loses no request; nothing drifts, and an up has nothing to do", async () => {
    const { project } = given();
    const before = await web();
    assert.equal(before.length, 2);
    const load = startLoad(project.http, "members.localhost", 4, undefined, { pause: 10 });
    const run = await project.berth(["restart", "members", "-s", project.stack, "--json"]);
    const { answered, failures } = await load.stop();
    assert.equal(run.code, 0, run.output);
    assert.deepEqual(failures, {}, `of ${answered} requests; ${run.output}`);
    assert.ok(answered > 100, `only ${answered} requests were answered`);
    const after = await web();
    assert.deepEqual(after.map(({ id, state }) => `${id} ${state}`), before.map(({ id }) => `${id} healthy`));
    assert.ok(after.every(({ started }, index) => started > (before[index]?.started ?? "")), "each was started anew");
    const [first = "", second = ""] = after.map(({ started }) => started).toSorted();
    assert.ok(Date.parse(second) - Date.parse(first) > 500, `one after the other: ${first}, ${second}`);
    assert.deepEqual((JSON.parse(run.stdout) as { restarted: string[] }).restarted.map((name) => name.replace(/-[0-9a-f]{7}$/, "")), ["members-web-0", "members-web-1"]);
    const drift = await project.berth(["drift", "-s", project.stack]);
    assert.equal(drift.code, 0, drift.output);
    assert.deepEqual((await project.up()).changes, {});
    assert.deepEqual(await web(), after);
  });

  test("a restart that is killed leaves the route as it was, and its lock is no hindrance", { skip: leftToTheNight }, async () => {
    const { project } = given();
    const traefik = (await project.containers("traefik"))[0]?.Id ?? "";
    const route = async () => {
      const exec = await docker.getContainer(traefik).exec({ Cmd: ["sh", "-c", "cat /etc/traefik/routes/route-members.yml; ls /etc/traefik/routes/.writing"], AttachStdout: true, Tty: true });
      let text = "";
      for await (const part of await exec.start({ Tty: true })) text += String(part);
      return text;
    };
    const whole = await route();
    const killed = await project.berth(["restart", "members", "-s", project.stack], { killWhen: (printed) => /✔ members-web-0/.test(printed) });
    assert.equal(killed.code, null, killed.output);
    const load = startLoad(project.http, "members.localhost", 2, undefined, { pause: 20 });
    const again = await project.berth(["restart", "members", "-s", project.stack]);
    const { failures } = await load.stop();
    assert.equal(again.code, 0, again.output);
    assert.deepEqual(failures, {});
    assert.equal(await route(), whole);
    assert.deepEqual((await web()).map(({ state }) => state), ["healthy", "healthy"]);
    assert.deepEqual((await project.containers("run")).map(({ Names }) => Names), []);
  });

  test("scale writes the number into the stack file and applies it under load, up and down; one that fails puts the file back", async () => {
    const { project } = given();
    const file = () => readFileSync(`${project.dir}/Pulumi.${project.stack}.yaml`, "utf8");
    const before = file();
    const load = startLoad(project.http, "members.localhost", 4, undefined, { pause: 20 });
    const more = await project.berth(["scale", "members=3", "-s", project.stack, "--json"]);
    assert.equal(more.code, 0, more.output);
    assert.equal((await web()).length, 3);
    assert.match(file(), /replicas: 3/);
    assert.equal((JSON.parse(more.stdout) as { addresses: Record<string, string> }).addresses["members"], `http://members.localhost:${project.http}`);
    const fewer = await project.berth(["scale", "members=2", "-s", project.stack]);
    const { failures } = await load.stop();
    assert.equal(fewer.code, 0, fewer.output);
    assert.deepEqual(failures, {});
    assert.match(fewer.output, /has members=2: commit it, or the next deploy from git undoes it/);
    assert.equal((await web()).length, 2);
    assert.equal(file(), before);
    assert.deepEqual((await project.up()).changes, {});
    const failed = await project.berth(["scale", "members=3", "-s", project.stack], { environment: { BERTH_ENGINE: "none" } });
    assert.equal(failed.code, 2, failed.output);
    assert.match(failed.output, /The scaling was not finished, and .* is as it was\./);
    assert.equal(file(), before);
  });
}
