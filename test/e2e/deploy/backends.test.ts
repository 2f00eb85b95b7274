import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { globSync, readFileSync, statSync } from "node:fs";
import { hostname, userInfo } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { eventually } from "../eventually.ts";
import { engine, Project } from "../project.ts";
import { Bucket } from "../servers/bucket.ts";
import { withTick } from "../tick.ts";

const skip = engine !== "pulumi" && "the embedded engine has its state in a folder";

describe("a state that moves from a folder to a bucket", { skip }, () => {
  let project: Project;
  let store: Bucket;
  let bucket: NodeJS.ProcessEnv;

  before(async () => {
    project = await Project.create("bucket");
    await withTick(project);
    const keys = { AWS_ACCESS_KEY_ID: "berth-test-key", AWS_SECRET_ACCESS_KEY: "canary-state-key-9c1d" };
    store = await Bucket.create({ name: `${project.stack}-s3`, folder: project.dir, bucket: "state", keys: { key: keys.AWS_ACCESS_KEY_ID, secret: keys.AWS_SECRET_ACCESS_KEY }, tls: false });
    bucket = { ...keys, PULUMI_BACKEND_URL: `s3://state?endpoint=http://${store.endpoint}&s3ForcePathStyle=true&region=us-east-1` };
    await project.up();
  });
  after(async () => {
    await store[Symbol.asyncDispose]();
    await project[Symbol.asyncDispose]();
  });

  const pulumi = (args: string[], environment: NodeJS.ProcessEnv) =>
    execFileSync("pulumi", [...args, "-s", project.stack, "--non-interactive"], { cwd: project.dir, env: { ...project.environment, ...environment }, encoding: "utf8" });

  test("by export and import; then preview and up, of ./berth and of plain pulumi, have nothing to change", async () => {
    pulumi(["stack", "export", "--file", "export.json"], { PULUMI_BACKEND_URL: `file://${project.dir}/.berth/state` });
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
