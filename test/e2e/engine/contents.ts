import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { container, type Scenarios } from "./containers.ts";
import type { Item } from "./stack.ts";

/** Jobs, files, secrets and outputs. */
export const contents: Scenarios = {
  async "runs jobs to their end on a volume that a container which never starts has filled; exit code and log are outputs, and no secret is in sight but of who asks"(stack, engine) {
    const [file, output] = ["canary-3f1e0d", "canary-5b2c77"];
    await stack.setSecrets({ file, output });
    const volume: Item = { type: "Volume", name: `${stack.prefix}-files`, args: {} };
    const mount = { type: "volume", source: { $ref: `${volume.name}.name` }, target: "/files" };
    const filler = container(stack, "filler", { command: ["true"], start: false, mustRun: false, mounts: [mount], uploads: [{ file: "/files/secret", content: { $secret: "file" }, permissions: "0444" }] });
    const reader = container(stack, "reader", { command: ["cat", "/files/secret"], user: "65534", attach: true, mustRun: false, logs: false, mounts: [{ ...mount, readOnly: true }] }, { dependsOn: [filler.name] });
    const job = container(stack, "job", { command: ["sh", "-c", "echo said; exit 7"], attach: true, mustRun: false, logs: true });
    stack.write([volume, filler, reader, job]);
    stack.export("shown", '"in the open"');
    stack.export("hidden", 'config.requireSecret("output")');
    const plan = await engine.preview();
    const outcome = await engine.up();
    assert.ok(outcome.ok, outcome.text);

    const outputs = (await engine.outputs()) as { exits: Record<string, number>; logs: Record<string, string>; shown: string };
    assert.deepEqual([outputs.exits[job.name], outputs.logs[job.name], outputs.shown], [7, "said\n", "in the open"]);
    assert.equal(await engine.revealed("hidden"), output);
    const names = stack.containers().map(({ name }) => name);
    const log = spawnSync("docker", ["logs", names.find((name) => name.includes("reader")) ?? ""], { encoding: "utf8" });
    assert.equal(log.stdout, file);
    for (const seen of [plan.text, outcome.text, await engine.state(), JSON.stringify(outputs), ...names.map((name) => stack.inspect(name))]) {
      for (const canary of [file, output]) assert.ok(!seen.includes(canary), "the secret is in plain sight");
    }
    assert.deepEqual((await engine.up()).changes, { same: 5 });
  },

  async "gives up a job that takes longer than it may, and runs it again at the next up"(stack, engine) {
    const job = (command: string[], create: string) =>
      container(stack, "job", { command, attach: true, mustRun: false, logs: true }, { opts: { customTimeouts: { create }, deleteBeforeReplace: false, replaceOnChanges: ["#initerror"] } });
    stack.write([job(["sh", "-c", "echo waits for a lock; sleep 300"], "3s")]);
    const late = await engine.up();
    assert.ok(!late.ok);
    // The CLI's provider says no more, and leaves it running: `berth up` stops it, see test/unit/cli/deploy/failure.test.ts.
    assert.match(late.text, engine.name === "embedded" ? /did not end within 3 s, and was stopped\. Its last lines:\\?\n?.*waits for a lock/s : /context deadline exceeded/);
    if (engine.name === "embedded") assert.deepEqual(stack.containers().map(({ state }) => state), ["exited"]);
    // A busy machine needs longer than that to start one.
    stack.write([job(["echo", "done"], "60s")]);
    const next = await engine.up();
    assert.ok(next.ok, next.text);
    assert.deepEqual(stack.containers().map(({ state }) => state), ["exited"], "the one that was given up is gone");
  },
};
