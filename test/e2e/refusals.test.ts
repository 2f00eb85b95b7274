import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { docker, Project } from "./project.ts";

let project: Project;

before(async () => {
  project = await Project.create("refused");
});
after(async () => project[Symbol.asyncDispose]());

const up = (environment: NodeJS.ProcessEnv = {}) => project.berth(["up", "-s", project.stack], { environment });

test("every problem of the stack file is told at once, in the preview, and nothing is made", async () => {
  await project.configure((config) => {
    config["berth:apps"] = { root: { replicas: 0, memory: "128" } };
    config["berth:developer"] = { databases: "tools.localhost", mail: "tools.localhost" };
    config["berth:networks"] = { edge: "10.0.0.300/24" };
    config["berth:images"] = { postgres: "postgres" };
    config["berth:regsitry"] = { port: 5000 };
    config["root:ROOT_SECRET"] = "in plain text";
  });
  for (const command of ["preview", "up"]) {
    const run = await project.berth([command, "-s", project.stack]);
    assert.notEqual(run.code, 0);
    for (const field of ["berth:apps.root.replicas", "berth:apps.root.memory", "berth:networks.edge", "berth:images.postgres", "berth:regsitry", "berth:developer.mail", "root:ROOT_SECRET"]) {
      assert.ok(run.output.includes(`${field} in stack "${project.stack}" is `), `${command} does not name ${field}:\n${run.output}`);
    }
    assert.ok(!run.output.includes("in plain text\"") && !run.output.includes("is in plain text:"), run.output);
  }
  await project.configure();
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

async function nothingMade(): Promise<void> {
  const filters = { label: [`berth.stack=${project.stack}`] };
  assert.deepEqual(await docker.listContainers({ all: true, filters }), []);
  assert.deepEqual(await docker.listNetworks({ filters }), []);
  assert.deepEqual((await docker.listVolumes({ filters })).Volumes, []);
}
