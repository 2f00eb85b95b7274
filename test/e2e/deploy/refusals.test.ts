import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { docker, Project } from "../project.ts";

let project: Project;

before(async () => {
  project = await Project.create("refused");
});
after(async () => project[Symbol.asyncDispose]());

const up = (environment: NodeJS.ProcessEnv = {}) => project.berth(["up", "-s", project.stack], { environment });

test("every problem of the stack file is told at once, in the preview, and nothing is made", async () => {
  await project.configure((config) => {
    config["berth:apps"] = { members: { replicas: 0, memory: "128" } };
    config["berth:developer"] = { databases: "tools.localhost", mail: "tools.localhost" };
    config["berth:networks"] = { edge: "10.0.0.300/24" };
    config["berth:images"] = { postgres: "postgres" };
    config["berth:regsitry"] = { port: 5000 };
    config["members:KEY"] = "in plain text";
  });
  for (const command of ["preview", "up"]) {
    const run = await project.berth([command, "-s", project.stack]);
    assert.notEqual(run.code, 0);
    for (const field of ["berth:apps.members.replicas", "berth:apps.members.memory", "berth:networks.edge", "berth:images.postgres", "berth:regsitry", "berth:developer.mail", "members:KEY"]) {
      assert.ok(run.output.includes(`${field} in stack "${project.stack}" is `), `${command} does not name ${field}:\n${run.output}`);
    }
    assert.ok(!run.output.includes("in plain text"), `${command} shows the value of a secret:\n${run.output}`);
  }
  await project.configure();
  await nothingMade();
});

test("stand-ins where berth:environment is prod and nobody asked for them: names them, the way to the real ones and the flag, and makes nothing", async (context) => {
  if ((await docker.listImages({ filters: JSON.stringify({ label: ["berth.standin"] }) })).length === 0) return context.skip("there are no stand-ins: Docker Hub answers");
  const run = await up({ BERTH_STAND_INS: "" });
  assert.equal(run.code, 3, run.output);
  assert.match(run.output, /stack ".*" is no dev stack \(berth:environment\), and on this machine these images would be stand-ins.*postgres:/);
  assert.match(run.output, /docker load/);
  assert.match(run.output, /\.\/berth up --stand-ins, or BERTH_STAND_INS=yes/);
  await nothingMade();
});

test("Docker not running: says so and what to do, and makes nothing", async () => {
  const run = await up({ DOCKER_HOST: "unix:///nonexistent/docker.sock" });
  assert.notEqual(run.code, 0);
  assert.match(run.output, /docker/i);
  assert.match(run.output, /\/nonexistent\/docker\.sock/);
  await nothingMade();
});

test("a taken port: names the port, the setting and who has it, and makes nothing", async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(project.http, "127.0.0.1", resolve));
  try {
    const run = await up();
    assert.notEqual(run.code, 0);
    assert.ok(run.output.includes(String(project.http)), run.output);
    assert.match(run.output, /berth:publish/);
    assert.ok(run.output.includes(String(process.pid)), `does not name the process ${process.pid}:\n${run.output}`);
    await nothingMade();
  } finally {
    server.close();
  }
});

test("a full disk: says how much is free and needed, and makes nothing", { skip: process.getuid?.() === 0 ? false : "needs root to mount a small disk" }, async () => {
  const disk = mkdtempSync(join(tmpdir(), "berth-e2e-disk-"));
  execFileSync("mount", ["-t", "tmpfs", "-o", "size=64m", "tmpfs", disk]);
  try {
    cpSync(project.dir, disk, { recursive: true, verbatimSymlinks: true });
    const whole = project.dir;
    Object.assign(project, { dir: disk });
    const run = await up();
    Object.assign(project, { dir: whole });
    assert.notEqual(run.code, 0);
    assert.match(run.output, /free/);
    assert.ok(run.output.includes(disk), run.output);
    await nothingMade();
  } finally {
    execFileSync("umount", [disk]);
    rmSync(disk, { recursive: true });
  }
});

test("no network: names what could not be fetched, and that the network is missing, and makes nothing", { skip: process.getuid?.() === 0 ? false : "needs root for a network namespace" }, async () => {
  rmSync(join(project.dir, "node_modules"));
  const environment = { ...project.environment, npm_config_cache: join(project.dir, ".npm-empty"), npm_config_fetch_retries: "0" };
  const { stderr, status } = spawnSync("unshare", ["--net", "./berth", "up", "-s", project.stack], { cwd: project.dir, env: environment, encoding: "utf8" });
  assert.equal(status, 3, stderr);
  assert.match(stderr, /packages: 'npm ci .*' failed, see above: no network/);
  await nothingMade();
});

test("an image that does not build: says while it builds which step runs, then which failed with what it printed, and makes nothing", async () => {
  const definition = { context: "", web: { port: 8000, health: { path: "/", command: ["true"] } }, target: "serving", buildArgs: { REASON: "no-such-reason" } };
  project.write("apps/broken/app.ts", `export default { ...${JSON.stringify(definition)}, context: import.meta.dirname };\n`);
  // Another command each time: a step from the cache of an earlier run takes no time, and is not shown.
  const steps = ["ARG REASON", `RUN sleep 6 && echo ${randomUUID()}`, "RUN echo the reason is $REASON; exit 3"];
  project.write("apps/broken/Dockerfile", `FROM debian:trixie-slim AS serving\n${steps.join("\n")}\nFROM scratch\n`);
  await project.configure((config) => {
    config["berth:apps"] = { broken: {} };
    delete config["members:KEY"];
  });
  const run = await up();
  assert.equal(run.code, 1, run.output);
  assert.match(run.output, /broken-image serving 2\/3: RUN sleep 6/);
  assert.match(run.output, /error: the image of broken can't be built \(docker buildx build .*--target serving/);
  assert.match(run.output, /the reason is no-such-reason/);
  assert.match(run.output, /nothing was changed/);
  await nothingMade();
});

async function nothingMade(): Promise<void> {
  const filters = { label: [`berth.stack=${project.stack}`] };
  assert.deepEqual(await docker.listContainers({ all: true, filters }), []);
  assert.deepEqual(await docker.listNetworks({ filters }), []);
  assert.deepEqual((await docker.listVolumes({ filters })).Volumes, []);
}
