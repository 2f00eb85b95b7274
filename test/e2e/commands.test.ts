import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { docker, Project, type Run } from "./project.ts";

let project: Project;
const app = (env: Record<string, string> = {}) => (config: Record<string, unknown>) => {
  config["berth:apps"] = { root: { replicas: 2, memory: "64MiB", env: { RUST_ENV: "development", ...env } } };
};

before(async () => {
  project = await Project.create("commands");
  await project.configure(app());
  await project.up();
});
after(async () => project[Symbol.asyncDispose]());

/** Runs `./berth` with something piped in; on a terminal of its own where `terminal` is true. */
function typed(args: string[], input: string, terminal = false, more: NodeJS.ProcessEnv = {}): Promise<Run> {
  const command = terminal ? "script" : "./berth";
  const words = terminal ? ["-qec", ["./berth", ...args.map((word) => `'${word}'`)].join(" "), "/dev/null"] : args;
  const child = spawn(command, words, { cwd: project.dir, env: { ...project.environment, TERM: "xterm", ...more }, stdio: ["pipe", "pipe", "pipe"] });
  const run: Run = { code: null, stdout: "", output: "" };
  child.stdout.setEncoding("utf8").on("data", (text: string) => (run.stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (run.output += text));
  child.stdin.end(input);
  return new Promise((resolve) => {
    child.on("close", (code) => resolve({ ...run, output: run.stdout + run.output, code }));
  });
}

test("exec passes on input, both outputs and the exit code; options of the command are its own", async () => {
  const stack = ["-s", project.stack];
  const piped = await typed(["exec", "root", ...stack, "--", "sh", "-c", "cat; echo wrong >&2; exit 7"], "from the pipe\n");
  assert.deepEqual([piped.code, piped.stdout, piped.output], [7, "from the pipe\n", "from the pipe\nwrong\n"]);
  const options = await project.berth(["exec", ...stack, "root", "printf", "%s", "--help"]);
  assert.deepEqual([options.code, options.stdout], [0, "--help"]);
  const large = await typed(["exec", "root", ...stack, "wc", "-c"], "x".repeat(3_000_000));
  assert.equal(large.stdout.trim(), "3000000");
  const hosts = await Promise.all(["0", "1"].map((replica) => project.berth(["exec", "root/web", "--replica", replica, ...stack, "hostname"])));
  assert.equal(new Set(hosts.map(({ stdout }) => stdout)).size, 2);
  const file = await project.berth(["exec", "root", ...stack, "no-such-program"]);
  assert.notEqual(file.code, 0);
  assert.match(file.output, /no-such-program/);
});

test("exec names the parts and the replicas that there are", async () => {
  const part = await project.berth(["exec", "rooot", "-s", project.stack, "true"]);
  assert.equal(part.code, 2);
  assert.match(part.output, /has no part "rooot": did you mean root\?/);
  const replica = await project.berth(["exec", "root", "--replica", "5", "-s", project.stack, "true"]);
  assert.equal(replica.code, 2);
  assert.match(replica.output, /root has no replica 5 in stack ".*": it has 0, 1/);
});

test("exec without a command is a shell, on a terminal where there is one", async () => {
  const run = await typed(["exec", "root", "-s", project.stack], "tty; echo answer=$((6*7)); exit 4\n", true);
  assert.match(run.stdout, /\/dev\/pts\/\d/);
  assert.match(run.stdout, /answer=42/);
  assert.equal(run.code, 4);
  assert.equal((await typed(["exec", "root", "-s", project.stack], "echo answer=$((6*7)); exit 5\n")).code, 5);
});

test("psql is the application's role in its database, or the superuser", async () => {
  const stack = ["-s", project.stack];
  const sql = "select current_user, current_database()";
  const role = await typed(["psql", "root", ...stack, "--", "-At"], sql);
  assert.deepEqual([role.code, role.stdout.trim()], [0, "root|root"]);
  const root = await typed(["psql", ...stack, "--", "-At"], sql);
  assert.equal(root.stdout.trim(), "postgres|postgres");
  const refused = await project.berth(["psql", "root", ...stack, "--", "-c", "create role other"]);
  assert.equal(refused.code, 1);
  assert.match(refused.output, /permission denied/);
  const none = await project.berth(["psql", "rot", ...stack]);
  assert.equal(none.code, 2);
  assert.match(none.output, /no database "rot": did you mean root\?/);
});

test("redis is the admin without an application, and says that one has no cache", async () => {
  assert.match((await typed(["redis", "-s", project.stack], "acl whoami\n")).stdout, /^"?admin"?$/m);
  const none = await project.berth(["redis", "root", "-s", project.stack]);
  assert.equal(none.code, 2);
  assert.match(none.output, /"root" of stack ".*" has no cache/);
});

test("run is a container like a replica, with its secrets and hardening, and is gone afterwards", async () => {
  const script = "id -u; cat /run/secrets/ROOT_SECRET; echo; touch /x 2>&1; echo $POSTGRES_DB; cat; exit 9";
  const run = await typed(["run", "root", "-s", project.stack, "--", "sh", "-c", script], "input\n");
  assert.equal(run.code, 9, run.output);
  const [user, secret, touch, database, input] = run.stdout.split("\n");
  assert.match(user ?? "", /^[1-5]\d{4}$/);
  assert.equal(secret, project.rootSecret);
  assert.match(touch ?? "", /Read-only file system/);
  assert.deepEqual([database, input], ["root", "input"]);
  assert.deepEqual(await project.containers("run"), []);
  const job = await project.berth(["run", "root", "-s", project.stack, "--", "root", "migrate"]);
  assert.equal(job.code, 0, job.output);
  const wrong = await project.berth(["run", "root", "-s", project.stack, "--", "no-such-program"]);
  assert.equal(wrong.code, 1);
  assert.match(wrong.output, /no-such-program/);
  assert.deepEqual(await project.containers("run"), []);
});

test("run outlives an up, is shown by status, and stops in good order when interrupted", async () => {
  const script = "trap 'echo stopped; exit 0' TERM; echo ready; while :; do sleep 0.1; done";
  const child = spawn("./berth", ["run", "root", "-s", project.stack, "--", "sh", "-c", script], { cwd: project.dir, env: project.environment });
  let text = "";
  child.stdout.setEncoding("utf8").on("data", (part: string) => (text += part));
  while (!text.includes("ready")) await sleep(50);
  const [container] = await project.containers("run");
  const inspected = await docker.getContainer(container?.Id ?? "").inspect();
  assert.deepEqual([inspected.HostConfig.RestartPolicy?.Name, inspected.HostConfig.ReadonlyRootfs, inspected.State.Health], ["no", true, undefined]);
  await project.configure(app({ RUST_LOG: "info" }));
  await project.up();
  const { containers } = JSON.parse((await project.berth(["status", "-s", project.stack, "--json"])).stdout) as { containers: { part: string; state: string }[] };
  assert.deepEqual(containers.filter(({ part }) => part === "root/run").map(({ state }) => state), ["running"]);
  const ended = new Promise((resolve) => child.on("close", resolve));
  child.kill("SIGINT");
  assert.equal(await ended, 130);
  assert.match(text, /stopped/);
  assert.deepEqual(await project.containers("run"), []);
});

test("over ssh they are the same: piped input, exit codes, large output", async () => {
  // In place of ssh: the engine of this machine, by the command that would run over there.
  const bin = mkdtempSync(join(tmpdir(), "berth-ssh-"));
  writeFileSync(join(bin, "ssh"), '#!/bin/sh\nwhile [ "$1" != docker ]; do shift; done\nexec "$@"\n', { mode: 0o755 });
  const before = readFileSync(join(project.dir, `Pulumi.${project.stack}.yaml`), "utf8");
  project.write(`Pulumi.${project.stack}.yaml`, before.replace("config:\n", "config:\n  berth:docker: ssh://me@engine\n"));
  const path = { PATH: `${bin}:${process.env["PATH"]}` };
  try {
    const sql = await typed(["psql", "root", "-s", project.stack, "--", "-At"], "select 40 + 2", false, path);
    assert.deepEqual([sql.code, sql.stdout.trim()], [0, "42"], sql.output);
    const large = await typed(["run", "root", "-s", project.stack, "--", "sh", "-c", "cat; exit 6"], "x".repeat(500_000), false, path);
    assert.deepEqual([large.code, large.stdout.length], [6, 500_000], large.output.slice(-300));
    const shell = await typed(["exec", "root", "-s", project.stack], "echo answer=$((6*7)); exit 4\n", true, path);
    assert.match(shell.stdout, /answer=42/);
    assert.equal(shell.code, 4);
  } finally {
    project.write(`Pulumi.${project.stack}.yaml`, before);
    rmSync(bin, { recursive: true });
  }
});

test("logs -f follows all replicas of an application through a deploy", async () => {
  const child = spawn("./berth", ["logs", "-f", "root", "-n", "0", "-s", project.stack], { cwd: project.dir, env: project.environment });
  let text = "";
  child.stdout.setEncoding("utf8").on("data", (part: string) => (text += part));
  try {
    await sleep(1500);
    await project.configure(app({ RUST_LOG: "debug" }));
    await project.up();
    const now = (await project.containers("web")).map(({ Id }) => Id.slice(0, 4));
    assert.equal(now.length, 2);
    await Promise.all([1, 2, 3, 4, 5, 6].map(() => project.get("/health")));
    await sleep(1000);
    for (const id of now) assert.match(text, new RegExp(`^root/web ${id} +\\|`, "m"), `no line of the new replica ${id}`);
    assert.doesNotMatch(text, /^(postgres|redis|traefik)/m);
  } finally {
    child.kill("SIGINT");
  }
});
