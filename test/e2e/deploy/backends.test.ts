import assert from "node:assert/strict";
import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { globSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { hostname, userInfo } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { eventually, until } from "../eventually.ts";
import { engine, freePort, Project } from "../project.ts";
import { withTick } from "../tick.ts";

// A program that answers as S3 does (https://github.com/versity/versitygw, CGO_ENABLED=0), whose objects are files.
const gateway = process.env["BERTH_S3_GATEWAY"];
const skip =
  engine !== "pulumi" ? "the embedded engine has its state in a folder" : gateway === undefined ? "BERTH_S3_GATEWAY names no S3 gateway to run" : false;

describe("a state that moves from a folder to a bucket", { skip }, () => {
  let project: Project;
  let store: ChildProcess;
  let bucket: NodeJS.ProcessEnv;

  before(async () => {
    project = await Project.create("bucket");
    await withTick(project);
    const folder = join(project.dir, "s3");
    for (const name of ["s3/state", "meta"]) mkdirSync(join(project.dir, name), { recursive: true });
    const port = await freePort();
    const keys = { AWS_ACCESS_KEY_ID: "berth-test-key", AWS_SECRET_ACCESS_KEY: "canary-state-key-9c1d" };
    const login = { ROOT_ACCESS_KEY_ID: keys.AWS_ACCESS_KEY_ID, ROOT_SECRET_ACCESS_KEY: keys.AWS_SECRET_ACCESS_KEY };
    store = spawn(gateway ?? "", ["--port", `127.0.0.1:${port}`, "posix", "--sidecar", join(project.dir, "meta"), folder], { env: { ...process.env, ...login }, stdio: "ignore" });
    await until(() => fetch(`http://127.0.0.1:${port}/`).then(() => true, () => false));
    bucket = { ...keys, PULUMI_BACKEND_URL: `s3://state?endpoint=http://127.0.0.1:${port}&s3ForcePathStyle=true&region=us-east-1` };
    await project.up();
  });
  after(async () => {
    store.kill();
    await project[Symbol.asyncDispose]();
  });

  const pulumi = (args: string[], environment: NodeJS.ProcessEnv) =>
    execFileSync("pulumi", [...args, "-s", project.stack, "--non-interactive"], { cwd: project.dir, env: { ...project.environment, ...environment }, encoding: "utf8" });

  test("by export and import; then preview and up, of ./berth and of plain pulumi, have nothing to change", async () => {
    const exported = pulumi(["stack", "export"], { PULUMI_BACKEND_URL: `file://${project.dir}/.berth/state` });
    writeFileSync(join(project.dir, "export.json"), exported);
    execFileSync("pulumi", ["stack", "init", project.stack, "--no-select", "--non-interactive"], { cwd: project.dir, env: { ...project.environment, ...bucket }, stdio: "pipe" });
    pulumi(["stack", "import", "--file", "export.json"], bucket);
    const preview = await project.berth(["preview", "-s", project.stack, "--json"], { environment: bucket });
    assert.equal(preview.code, 0, preview.output);
    assert.deepEqual((JSON.parse(preview.stdout) as { changes: object }).changes, {});
    const up = await project.berth(["up", "-s", project.stack, "--json"], { environment: bucket });
    assert.equal(up.code, 0, up.output);
    assert.deepEqual((JSON.parse(up.stdout) as { changes: object }).changes, {});
    assert.match(up.output, /state in s3:\/\/state\?.* \(PULUMI_BACKEND_URL\)/);
    pulumi(["preview", "--expect-no-changes"], bucket);
  });

  test("of two updates at once the loser names the holder, whose lock is in the bucket", async () => {
    await withTick(project, 4);
    const winner = spawn("pulumi", ["up", "--yes", "--skip-preview", "-s", project.stack], { cwd: project.dir, env: { ...project.environment, ...bucket }, stdio: "ignore" });
    const ended = new Promise((resolve) => winner.once("close", resolve));
    await eventually("it holds the lock", 60_000, () => Promise.resolve(globSync("s3/state/.pulumi/locks/**/*.json", { cwd: project.dir }).length > 0 ? undefined : "no lock"));
    const loser = await project.berth(["up", "-s", project.stack], { environment: bucket });
    assert.equal(loser.code, 1, loser.output);
    assert.match(loser.output, new RegExp(`is being changed by process ${winner.pid} of ${userInfo().username} on ${hostname()} since \\d{4}-`));
    assert.equal(await ended, 0);
  });

  test("has no plain secret", () => {
    const secret = pulumi(["stack", "output", "prometheusPassword", "--show-secrets"], bucket).trim();
    assert.ok(secret.length >= 16);
    const files = globSync("s3/state/**/*", { cwd: project.dir, exclude: [] }).concat(globSync("s3/state/.pulumi/**/*", { cwd: project.dir }));
    const content = [...new Set(files)].map((file) => join(project.dir, file)).filter((file) => statSync(file).isFile());
    assert.ok(content.some((file) => file.endsWith(`${project.stack}.json`)), content.join("\n"));
    for (const file of content) {
      const text = readFileSync(file, "utf8");
      for (const canary of [secret, bucket["AWS_SECRET_ACCESS_KEY"] ?? "", project.environment["PULUMI_CONFIG_PASSPHRASE"] ?? ""]) assert.ok(!text.includes(canary), file);
    }
  });
});
