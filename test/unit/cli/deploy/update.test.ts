import assert from "node:assert/strict";
import { test } from "node:test";
import type { Context } from "../../../../cli/command.ts";
import { applyStack, type Target } from "../../../../cli/deploy/update.ts";
import { codeOf, refusedError } from "../../../../cli/exit.ts";
import { Progress } from "../../../../cli/progress.ts";
import { Terminal } from "../../../../cli/terminal.ts";

const sink = { write: () => true };
const terminal = new Terminal(sink, sink, {});

/** Notes each question to the deployer; the host is asked nothing, or the test fails. */
function given(checkPolicy: () => Promise<void>, signal = new AbortController().signal) {
  const asked: string[] = [];
  const deployer = new Proxy({ checkPolicy }, {
    get: (target, name) => (name in target ? target.checkPolicy : () => (asked.push(String(name)), Promise.resolve({ resources: [] }))),
  });
  const docker = new Proxy({}, { get: (_, name) => assert.fail(`the Docker host was asked for ${String(name)}`) });
  const target = { docker, deployer, report: new Progress(terminal) } as unknown as Target;
  return { asked, run: () => applyStack({ terminal, signal } as unknown as Context, "prod", target) };
}

test("what the policy refuses is refused before anything is put right on the host, or removed there", async () => {
  const { asked, run } = given(() => Promise.reject(refusedError("stack \"prod\": 1 finding against the policy")));
  await assert.rejects(run(), (error) => codeOf(error) === 6);
  assert.deepEqual(asked, []);
});

test("an interruption while the policy is checked begins nothing", async () => {
  const controller = new AbortController();
  const { asked, run } = given(() => Promise.resolve(controller.abort()), controller.signal);
  await assert.rejects(run(), (error) => codeOf(error) === 130);
  assert.deepEqual(asked, ["state"]);
});
