import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { codeOf } from "../../../cli/exit.ts";
import { heed, interruptible } from "../../../cli/interruption.ts";
import { up } from "../../../engine/index.ts";
import { programCopy } from "./program-copy.ts";

const stack = "interrupted";
const { folder, main, environment } = programCopy("interrupted");
const file = join(folder, `Pulumi.${stack}.yaml`);
writeFileSync(file, "config: {}\n");

// Each command asks the Docker Engine first. This one takes the question and never answers.
const commands = [["up", "-s", stack], ["down", "-s", stack, "--yes"], ["rollback", stack, "--yes"], ["restore", "-s", stack], ["status", "-s", stack]];

for (const [index, signal] of (["SIGINT", "SIGTERM"] as const).entries()) {
  for (const args of commands) {
    test(`${signal} during ${args[0]} is exit code 130 and one line, though the Docker Engine hangs; nothing is left`, { timeout: 60_000 }, async () => {
      const socket = join(folder, `${args[0]}-${index}.sock`);
      const temporary = mkdtempSync(join(folder, "tmp-"));
      const open = new Set<Socket>();
      const asked = Promise.withResolvers<void>();
      const server = createServer((connection) => {
        open.add(connection.on("error", () => undefined));
        asked.resolve();
      }).listen(socket);
      const child = spawn(process.execPath, [main, ...args], { env: { ...environment, TMPDIR: temporary, DOCKER_HOST: `unix://${socket}`, BERTH_ENGINE: "embedded" } });
      let printed = "";
      for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (text: string) => (printed += text));
      await asked.promise;
      child.kill(signal);
      const [code] = (await once(child, "close")) as [number | null];
      for (const connection of open) connection.destroy();
      server.close();
      assert.equal(code, 130, printed);
      assert.match(printed, /error: interrupted; (nothing was changed|the stack was not touched)\n$/);
      assert.doesNotMatch(printed, /^\s+at /m);
      assert.deepEqual(readdirSync(temporary), []);
      assert.equal(readFileSync(file, "utf8"), "config: {}\n");
    });
  }
}

test("work that is interrupted is left, work that ends is its result, and an error is its own", async () => {
  const controller = new AbortController();
  assert.equal(await interruptible(controller.signal, Promise.resolve(7)), 7);
  await assert.rejects(interruptible(controller.signal, Promise.reject(new Error("its own"))), /its own/);
  const left = interruptible(controller.signal, new Promise(() => undefined), "the stack was not touched").catch((error: unknown) => error);
  controller.abort();
  const error = await left;
  assert.deepEqual([codeOf(error), String(error)], [130, "OpsError: interrupted; the stack was not touched"]);
  assert.throws(() => heed(controller.signal), /interrupted; nothing was changed/);
});

test("an interruption before the embedded engine begins is not lost", async () => {
  const options = { projectDir: folder, stack, passphrase: "test", stateFile: join(folder, "state.json"), signal: AbortSignal.abort("SIGTERM") };
  await assert.rejects(up(options), /interrupted before it began; nothing was changed/);
});
