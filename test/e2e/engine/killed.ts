import assert from "node:assert/strict";
import { container, replica, type Scenarios } from "./containers.ts";
import { eventually } from "../eventually.ts";
import type { Item, TestStack } from "./stack.ts";

/** An update that is ended by SIGKILL: a promise of the embedded engine. After the CLI it is `./berth up` that puts things right, see deploy/interrupted.test.ts. */
export const killed: Scenarios = {
  async "goes on after a kill while it creates and while it replaces: the next update ends well, and the one after changes nothing"(stack, engine) {
    const named = (version: string): Item[] => [
      { type: "Network", name: `${stack.prefix}-net`, args: { name: `${stack.prefix}-net` } },
      container(stack, "fixed", { name: `${stack.prefix}-fixed`, envs: [`VERSION=${version}`], networksAdvanced: [{ name: { $ref: `${stack.prefix}-net.name` } }] }),
    ];
    for (const version of ["1", "2", "3"]) {
      const items = [...named(version), ...["a", "b", "c"].map((name) => replica(stack, name, version))];
      stack.write(items);
      const before = new Set(stack.containers().map(({ id }) => id));
      const update = engine.begin();
      const made = () => stack.containers().filter(({ id }) => !before.has(id)).length;
      await eventually(`it has made ${version} of its containers`, 60_000, () => Promise.resolve(made() >= Number(version) || update.ended() ? undefined : `${made()}`));
      assert.ok(!update.ended(), "it ended before it was killed");
      await update.kill();
      const next = await engine.up();
      assert.ok(next.ok, next.text);
      assert.deepEqual((await engine.up()).changes, { same: items.length + 1 });
      const running = versions(stack).filter((line) => line.endsWith(` ${version}`));
      assert.deepEqual(running, ["a", "b", "c", "f"].map((name) => `${name} ${version}`));
      assert.equal(stack.containers().length, 4, JSON.stringify(stack.containers()));
    }
  },
};

/** Name and version of each container that runs. */
function versions(stack: TestStack): string[] {
  return stack.containers().filter(({ state }) => state === "running").map(({ name, id }) => {
    const [, version = ""] = /"VERSION=(\w+)"/.exec(stack.inspect(id)) ?? [];
    return `${name.replace(`${stack.prefix}-`, "").slice(0, 1)} ${version}`;
  }).toSorted();
}
