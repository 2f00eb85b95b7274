import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { container, neverHealthy, replica, type Scenarios } from "./containers.ts";
import type { Item } from "./stack.ts";

/** A resource of the state. */
interface Recorded {
  urn: string;
  type: string;
  id?: string;
  parent?: string;
  inputs?: Record<string, unknown>;
  dependencies?: string[];
}

/** What an update creates, changes in place and replaces. */
export const changes: Scenarios = {
  async "creates a stack, keeps it in a state that either engine reads, then changes nothing"(stack, engine) {
    const network: Item = { type: "Network", name: `${stack.prefix}-net`, args: { name: `${stack.prefix}-net`, internal: true } };
    stack.write([network, { type: "Group", name: "group" }, container(stack, "a", { networksAdvanced: [{ name: { $ref: `${network.name}.name` } }] }, { opts: { parent: "group" } })]);
    const first = await engine.up();
    assert.ok(first.ok, first.text);
    assert.deepEqual(first.changes, { create: 4 });

    const { version, deployment } = JSON.parse(await engine.state()) as { version: number; deployment: { resources: Recorded[] } };
    assert.equal(version, 3);
    const urn = (type: string, name: string) => `urn:pulumi:dev::${stack.prefix}::${type}::${name}`;
    const made = deployment.resources.find(({ urn: own }) => own.endsWith(`::${stack.prefix}-a`));
    assert.equal(made?.urn, urn("test:index:Group$docker:index/container:Container", `${stack.prefix}-a`));
    assert.equal(made.parent, urn("test:index:Group", "group"));
    assert.equal(made.type, "docker:index/container:Container");
    assert.ok(made.dependencies?.includes(urn("docker:index/network:Network", network.name)), JSON.stringify(made.dependencies));
    assert.equal(made.inputs?.["memory"], 64);
    assert.equal(made.id, stack.containers()[0]?.id);

    assert.deepEqual((await engine.preview()).changes, { same: 4 });
    assert.deepEqual((await engine.up()).changes, { same: 4 });
    assert.equal(stack.containers().length, 1);
  },

  async "previews each step of an update, and takes it: memory and restart in place, and no change that it is told to ignore"(stack, engine) {
    const fixed = (version: string): Item => container(stack, "replaced", { envs: [`VERSION=${version}`] });
    const ignored = (version: string): Item => container(stack, "ignored", { envs: [`VERSION=${version}`] }, { opts: { ignoreChanges: ["envs"] } });
    stack.write([container(stack, "updated"), fixed("1"), container(stack, "deleted"), container(stack, "same"), ignored("1")]);
    assert.ok((await engine.up()).ok);
    const find = (name: string) => stack.containers().find((own) => own.name.includes(`-${name}-`));
    const before = ["updated", "same", "ignored"].map(find);
    stack.write([container(stack, "updated", { memory: 96, memorySwap: 96, restart: "unless-stopped" }), fixed("2"), container(stack, "same"), container(stack, "created"), ignored("2")]);
    const plan = await engine.preview();
    assert.ok(plan.ok, plan.text);
    assert.deepEqual(plan.steps.map(([op, name]) => `${op} ${name.replace(`${stack.prefix}-`, "")}`).toSorted(), ["create created", "delete deleted", "replace replaced", "update updated"]);
    const { changes, text } = await engine.up();
    assert.deepEqual(changes, { create: 1, delete: 1, replace: 1, same: 3, update: 1 }, text);
    assert.deepEqual(["updated", "same", "ignored"].map(find), before);
    assert.ok(before.every((own) => own !== undefined));
    assert.match(stack.inspect(before[0]?.id ?? ""), /"Memory": 100663296/);
    assert.deepEqual((await engine.preview()).steps, []);
  },

  async "replaces: the new one first when asked, the old one first by default"(stack, engine) {
    stack.write([replica(stack, "new-first", "1"), container(stack, "old-first", { name: `${stack.prefix}-fixed`, envs: ["VERSION=1"] })]);
    assert.ok((await engine.up()).ok);
    const before = stack.containers();
    stack.write([replica(stack, "new-first", "2"), container(stack, "old-first", { name: `${stack.prefix}-fixed`, envs: ["VERSION=2"] })]);
    const outcome = await engine.up();
    assert.ok(outcome.ok, outcome.text);
    assert.deepEqual(outcome.changes, { replace: 2, same: 1 });
    const after = stack.containers();
    assert.equal(after.length, 2);
    assert.ok(after.every(({ id }) => before.every((old) => old.id !== id)));
    assert.ok(after.some(({ name }) => name === `${stack.prefix}-fixed`));
  },

  async "keeps the old one when the new one never gets healthy, and cleans up with the next good one"(stack, engine) {
    stack.write([replica(stack, "web", "1")]);
    assert.ok((await engine.up()).ok);
    const [good] = stack.containers();
    for (const version of ["2", "2b"]) {
      stack.write([replica(stack, "web", version, neverHealthy)]);
      const failed = await engine.up();
      assert.equal(failed.ok, false);
      assert.match(failed.text, /health/);
      assert.ok(stack.containers().some(({ id, state }) => id === good?.id && state === "running"));
    }
    stack.write([replica(stack, "web", "3")]);
    const outcome = await engine.up();
    assert.ok(outcome.ok, outcome.text);
    assert.equal(stack.containers().length, 1);
    assert.notEqual(stack.containers()[0]?.id, good?.id);
    assert.deepEqual((await engine.up()).changes, { same: 2 });
  },

  async "makes again what was removed by hand (the CLI: with a refresh), and shows drift"(stack, engine) {
    stack.write([container(stack, "a"), container(stack, "b")]);
    await engine.up();
    const [a, b] = stack.containers();
    execFileSync("docker", ["rm", "-f", a?.id ?? ""]);
    execFileSync("docker", ["update", "--memory", "80m", "--memory-swap", "80m", b?.id ?? ""]);
    const refreshed = await engine.refresh();
    assert.ok(refreshed.ok, refreshed.text);
    const outcome = await engine.up({ refresh: true });
    assert.deepEqual(outcome.changes, { create: 1, update: 1, same: 1 }, outcome.text);
    assert.match(stack.inspect(b?.id ?? ""), /"Memory": 67108864/);
  },
};
