import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { type Given, settings } from "../deploy/dev-stack.ts";
import { eventually, until } from "../eventually.ts";
import { leftToTheNight } from "../slow.ts";
import { typed } from "./typed.ts";

/** Clients of Postgres and Redis. */
export function servers(given: Given): void {
  test("psql is the application's role in its database, or the superuser", async () => {
    const { project } = given();
    const stack = ["-s", project.stack];
    const sql = "select current_user, current_database()";
    const role = await typed(project, ["psql", "members", ...stack, "--", "-At"], sql);
    assert.deepEqual([role.code, role.stdout.trim()], [0, "members|members"]);
    const admin = await typed(project, ["psql", ...stack, "--", "-At"], sql);
    assert.equal(admin.stdout.trim(), "postgres|postgres");
    const refused = await project.berth(["psql", "members", ...stack, "--", "-c", "create role other"]);
    assert.equal(refused.code, 1);
    assert.match(refused.output, /permission denied/);
    const none = await project.berth(["psql", "memberz", ...stack]);
    assert.equal(none.code, 2);
    assert.match(none.output, /no database "memberz": did you mean members\?/);
  });

  test("redis is the admin without an application, and says that one has no cache", async () => {
    const { project } = given();
    assert.match((await typed(project, ["redis", "-s", project.stack], "acl whoami\n")).stdout, /^"?admin"?$/m);
    const none = await project.berth(["redis", "members", "-s", project.stack]);
    assert.equal(none.code, 2);
    assert.match(none.output, /"members" of stack ".*" has no cache/);
  });
}

export function overSsh(given: Given): void {
  test("over ssh they are the same: piped input, exit codes, large output", async () => {
    const { project } = given();
    // In place of ssh: the engine of this machine, by the command that would run over there.
    const bin = mkdtempSync(join(tmpdir(), "berth-ssh-"));
    writeFileSync(join(bin, "ssh"), '#!/bin/sh\nfor word; do case $word in ControlPath=*) : > "${word#*=}" ;; esac; done\nwhile [ "$1" != docker ]; do shift; done\nexec "$@"\n', { mode: 0o755 });
    const before = readFileSync(join(project.dir, `Pulumi.${project.stack}.yaml`), "utf8");
    project.write(`Pulumi.${project.stack}.yaml`, before.replace("config:\n", "config:\n  berth:docker: ssh://me@engine\n"));
    const path = { PATH: `${bin}:${process.env["PATH"]}` };
    try {
      const sql = await typed(project, ["psql", "members", "-s", project.stack, "--", "-At"], "select 40 + 2", false, path);
      assert.deepEqual([sql.code, sql.stdout.trim()], [0, "42"], sql.output);
      const large = await typed(project, ["run", "members", "-s", project.stack, "--", "sh", "-c", "cat; exit 6"], "x".repeat(500_000), false, path);
      assert.deepEqual([large.code, large.stdout.length], [6, 500_000], large.output.slice(-300));
      const shell = await typed(project, ["exec", "members", "-s", project.stack], "echo answer=$((6*7)); exit 4\n", true, path);
      assert.match(shell.stdout, /answer=42/);
      assert.equal(shell.code, 4);
    } finally {
      project.write(`Pulumi.${project.stack}.yaml`, before);
      rmSync(bin, { recursive: true });
    }
  });
}

export function logLines(given: Given): void {
  test("logs --since --json has the lines since then, each as one object that says whose it is", async () => {
    const { project } = given();
    const logs = async (since: string) => {
      const run = await project.berth(["logs", "members", "--since", since, "--json", "-s", project.stack]);
      assert.equal(run.code, 0, run.output);
      return run.stdout.split("\n").filter(Boolean).map((line) => JSON.parse(line) as Record<string, string>);
    };
    const before = new Date().toISOString();
    await project.get("/slow?mark=since");
    let line: Record<string, string> | undefined;
    await eventually("the line of a request is there", 10_000, async () => {
      const found = await logs(before);
      line = found.find((each) => each["line"]?.includes("mark=since"));
      return line === undefined ? JSON.stringify(found) : undefined;
    });
    assert.match(line?.["container"] ?? "", /^members-web-[01]-[0-9a-f]{7}$/);
    assert.deepEqual({ ...line, time: "", container: "" }, { time: "", app: "members", part: "members/web", container: "", stream: "stdout", line: "GET /slow?mark=since 200" });
    assert.ok((await logs(before)).every(({ time = "" }) => time >= before));
    assert.ok((await logs("1h")).length > (await logs(before)).length, "an hour has more lines than a moment");
    assert.equal((await logs(new Date().toISOString())).some((found) => found["line"]?.includes("mark=since")), false);
  });
}

export function follow(given: Given): void {
  test("logs -f follows all replicas of an application through a deploy", { skip: leftToTheNight }, async () => {
    const { project } = given();
    const child = spawn("./berth", ["logs", "-f", "members", "-n", "0", "-s", project.stack], { cwd: project.dir, env: project.environment });
    let text = "";
    child.stdout.setEncoding("utf8").on("data", (part: string) => (text += part));
    try {
      // It says nothing when it has begun.
      await until(async () => (await project.get("/health")).status === 200 && text.includes("members/web"));
      await project.configure(settings("3"));
      await project.up();
      const now = (await project.containers("web")).map(({ Id }) => Id.slice(0, 4));
      assert.equal(now.length, 2);
      for (const id of now) {
        await eventually(`a line of the new replica ${id}`, 20_000, async () => {
          await project.get("/health");
          return new RegExp(`^members/web ${id} +\\|`, "m").test(text) ? undefined : text;
        });
      }
      assert.doesNotMatch(text, /^(postgres|redis|traefik)/m);
    } finally {
      child.kill("SIGINT");
    }
  });
}
