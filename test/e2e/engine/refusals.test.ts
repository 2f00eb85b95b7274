import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { embedded, hasDocker, type Engine } from "./engines.ts";
import { IMAGE, TestStack, type Item } from "./stack.ts";

const missing = hasDocker() ? false : `Docker or the image ${IMAGE} is not there`;

function test(name: string, body: (stack: TestStack, engine: Engine) => Promise<void>): void {
  it(name, { skip: missing, timeout: 60_000 }, async () => {
    const stack = new TestStack();
    try {
      await body(stack, embedded(stack));
    } finally {
      await stack[Symbol.asyncDispose]();
    }
  });
}

function container(stack: TestStack, args: Record<string, unknown> = {}, rest: Partial<Item> = {}): Item {
  return { type: "Container", name: `${stack.prefix}-a`, args: { image: IMAGE, command: ["sleep", "1000"], init: true, destroyGraceSeconds: 1, ...args }, ...rest };
}

test("fails fast with the log tail when a container exits at once", async (stack, engine) => {
  stack.write([container(stack, { command: ["sh", "-c", "echo the reason; exit 4"], healthcheck: { tests: ["CMD", "true"], interval: "30s" }, wait: true, waitTimeout: 50 }, { opts: { replaceOnChanges: ["#initerror"] } })]);
  const began = performance.now();
  const outcome = await engine.up();
  assert.ok(performance.now() - began < 15_000, "it waited for the time-out");
  assert.equal(outcome.ok, false);
  assert.match(outcome.text, /exited with code 4/);
  assert.match(outcome.text, /the reason/);
  assert.match(await engine.state(), /initErrors/);
});

test("leaves nothing of a container whose port is taken", async (stack, engine) => {
  const server = createServer().listen(18961, "127.0.0.1");
  stack.write([container(stack, { ports: [{ internal: 80, external: 18961, ip: "127.0.0.1" }] })]);
  const outcome = await engine.up();
  server.close();
  assert.equal(outcome.ok, false);
  assert.match(outcome.text, /18961/);
  assert.deepEqual(stack.containers(), []);
  assert.deepEqual((await engine.up()).changes, { create: 1, same: 1 });
});

test("names an image that is not to be had, before anything is touched", async (stack, engine) => {
  const createFirst = { opts: { deleteBeforeReplace: false } };
  stack.write([container(stack, {}, createFirst)]);
  await engine.up();
  const before = stack.containers();
  stack.write([container(stack, { image: "127.0.0.1:1/none:1" }, createFirst)]);
  const outcome = await engine.up();
  assert.equal(outcome.ok, false);
  assert.match(outcome.text, /127\.0\.0\.1:1\/none:1 cannot be pulled/);
  assert.deepEqual(stack.containers(), before);
});

test("refuses what it does not support, by name, and makes nothing", async (stack, engine) => {
  stack.write([container(stack, { gpus: "all", devices: [] })]);
  const inputs = await engine.up();
  assert.equal(inputs.ok, false);
  assert.match(inputs.text, /devices is not supported; input gpus is not supported/);
  stack.write([container(stack, {}, { opts: { import: "abc", hideDiffs: ["envs"] } })]);
  assert.match((await engine.preview()).text, /-a \(docker:index\/container:Container\): not supported by the embedded engine: import, hideDiffs\. Take it out/);
  writeFileSync(join(stack.folder, "index.ts"), 'import * as docker from "@pulumi/docker";\nnew docker.ServiceConfig("c", { data: "" });\n');
  assert.match((await engine.preview()).text, /ServiceConfig is not supported/);
  writeFileSync(join(stack.folder, "index.ts"), 'import * as docker from "@pulumi/docker";\nexport const n = docker.getNetworkOutput({ name: "bridge" }).id;\n');
  assert.match((await engine.preview()).text, /getNetwork is not supported/);
  assert.deepEqual(stack.containers(), []);
});

test("shows what the program throws, with its place", async (stack, engine) => {
  writeFileSync(join(stack.folder, "index.ts"), 'import * as pulumi from "@pulumi/pulumi";\nthrow new pulumi.RunError("apps.root.replicas: 0 is not allowed");\n');
  const forUsers = await engine.preview();
  assert.ok(forUsers.text.endsWith("apps.root.replicas: 0 is not allowed"), forUsers.text);
  writeFileSync(join(stack.folder, "index.ts"), 'import * as pulumi from "@pulumi/pulumi";\npulumi.output(1).apply(() => {\n  throw new Error("inside an apply");\n});\n');
  assert.match((await engine.preview()).text, /inside an apply[\s\S]*index\.ts:3/);
});

test("ends when the program waits for what never comes, and leaves no lock", async (stack, engine) => {
  writeFileSync(join(stack.folder, "index.ts"), "export const never = new Promise(() => undefined);\n");
  const outcome = await engine.up();
  assert.match(outcome.text, /never comes/);
  assert.ok(!existsSync(`${stack.stateFile}.lock`));
});

test("lets one run at a time, and says who holds the stack", async (stack, engine) => {
  stack.write([container(stack, { command: ["sleep", "3"], attach: true, mustRun: false })]);
  const first = engine.up();
  for (let attempt = 0; attempt < 100 && !existsSync(`${stack.stateFile}.lock`); attempt += 1) {
    await sleep(50);
  }
  const second = await engine.up();
  assert.match(second.text, new RegExp(`being changed by process ${process.pid} of`));
  assert.doesNotMatch(second.text, /\n\s+at /, "a stack trace is shown to the user");
  assert.ok((await first).ok);
  assert.ok(!existsSync(`${stack.stateFile}.lock`));
});

test("says so when Docker does not run, and changes nothing", async (stack, engine) => {
  stack.write([
    { type: "Provider", name: "host", args: { host: "unix:///var/run/no-such-docker.sock" } },
    container(stack, {}, { opts: { provider: "host" } }),
  ]);
  assert.ok((await engine.preview()).ok, "a plan needs no engine");
  const outcome = await engine.up();
  assert.equal(outcome.ok, false);
  assert.match(outcome.text, /Docker Engine at unix:\/\/\/var\/run\/no-such-docker.sock cannot be reached/);
});

test("starts what was stopped by hand, and says that it is the embedded engine", async (stack, engine) => {
  stack.write([container(stack)]);
  assert.match((await engine.up()).text, /embedded engine/);
  execFileSync("docker", ["stop", "-t", "0", stack.containers()[0]?.id ?? ""]);
  assert.deepEqual((await engine.preview()).changes, { update: 1, same: 1 });
  assert.deepEqual((await engine.up()).changes, { update: 1, same: 1 });
  assert.equal(stack.containers()[0]?.state, "running");
});

test("follows a rename by an alias, and moves a child with its parent", async (stack, engine) => {
  const child = { ...container(stack), opts: { parent: "group" } };
  stack.write([{ type: "Group", name: "group" }, child]);
  await engine.up();
  const before = stack.containers();
  stack.write([{ type: "Group", name: "team", opts: { aliases: [{ name: "group" }] } }, { ...child, opts: { parent: "team" } }]);
  const outcome = await engine.up();
  assert.deepEqual(outcome.changes, { same: 3 }, outcome.text);
  assert.deepEqual(stack.containers(), before);
  assert.ok(!readFileSync(stack.stateFile, "utf8").includes("::group"));
});
