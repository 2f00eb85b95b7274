import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { recordStack } from "./stack-program.ts";

/** Log settings of each container of the stack `dev` that ever runs, by its name. */
async function containers(logs?: object) {
  const { resources } = await recordStack("dev", logs === undefined ? {} : { "berth:logs": logs });
  const running = resources.filter(({ type, inputs }) => type.endsWith(":Container") && inputs["start"] !== false);
  assert.ok(running.length > 20, `${running.length} containers`);
  return running.map(({ name, inputs }) => ({
    name,
    driver: inputs["logDriver"] as string,
    opts: inputs["logOpts"] as Record<string, string>,
    labels: Object.fromEntries((inputs["labels"] as { label: string; value: string }[]).map(({ label, value }) => [label, value])),
  }));
}

describe("every container of a stack, jobs and schedules too", () => {
  test("has files with rotation without a setting", async () => {
    for (const { name, driver, opts } of await containers()) assert.deepEqual([driver, opts], ["json-file", { "max-size": "10m", "max-file": "3" }], name);
  });

  test("has the driver of the setting, and a tag of its own labels", async () => {
    for (const { name, driver, opts, labels } of await containers({ driver: "fluentd", address: "127.0.0.1:24224" })) {
      assert.equal(driver, "fluentd", name);
      const { "berth.app": app, "berth.role": role } = labels;
      assert.equal(opts["tag"], ["berth-dev", app, role].filter((part) => part !== undefined).join("."), name);
      assert.deepEqual([opts["mode"], opts["fluentd-async"], opts["fluentd-address"]], ["non-blocking", "true", "127.0.0.1:24224"], name);
    }
  });
});
