import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { container, type Scenarios } from "./containers.ts";
import type { Item } from "./stack.ts";

/** What leaves a stack, and what stays. */
export const removal: Scenarios = {
  async "takes everything down but what is protected, and comes back to it; protect refuses a deletion; retainOnDelete leaves the thing"(stack, engine) {
    const volume = (opts: object): Item => ({ type: "Volume", name: `${stack.prefix}-data`, args: { name: `${stack.prefix}-data` }, opts: { ...opts, retainOnDelete: true } });
    stack.write([container(stack, "a"), volume({ protect: true })]);
    assert.ok((await engine.up()).ok);
    const down = await engine.down();
    assert.ok(down.ok, down.text);
    assert.equal(stack.containers().length, 0);
    execFileSync("docker", ["volume", "inspect", `${stack.prefix}-data`]);
    assert.deepEqual((await engine.up()).changes, { create: 1, same: 2 });
    stack.write([]);
    const refused = await engine.up();
    assert.equal(refused.ok, false);
    assert.match(refused.text, /protect/);
    stack.write([volume({ protect: false })]);
    assert.ok((await engine.up()).ok);
    stack.write([]);
    assert.equal((await engine.up()).changes["delete"], 1);
    assert.equal(stack.containers().length, 0);
    const made = () => execFileSync("docker", ["volume", "inspect", "--format", "{{.CreatedAt}}", `${stack.prefix}-data`], { encoding: "utf8" });
    const before = made();
    stack.write([volume({ protect: false })]);
    assert.equal((await engine.up()).changes["create"], 1);
    assert.equal(made(), before, "what comes back is the same volume, with its data");
  },

  async "deletes dependents first when what they need is replaced"(stack, engine) {
    const network = (internal: boolean): Item => ({ type: "Network", name: `${stack.prefix}-net`, args: { name: `${stack.prefix}-net`, internal }, opts: { deleteBeforeReplace: true } });
    const items = (internal: boolean): Item[] => [network(internal), container(stack, "a", { networksAdvanced: [{ name: { $ref: `${stack.prefix}-net.name` } }] })];
    stack.write(items(false));
    assert.ok((await engine.up()).ok);
    stack.write(items(true));
    const outcome = await engine.up();
    assert.ok(outcome.ok, outcome.text);
    assert.equal(outcome.changes["replace"], 2);
    assert.equal(stack.containers().length, 1);
    assert.deepEqual((await engine.up()).changes, { same: 3 });
  },
};
