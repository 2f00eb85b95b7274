import assert from "node:assert/strict";
import { test } from "node:test";
import type { Given } from "../deploy/dev-stack.ts";
import { typed } from "./typed.ts";

/** A command in a container that runs. */
export function exec(given: Given): void {
  test("exec passes on input, both outputs and the exit code; options of the command are its own", async () => {
    const { project } = given();
    const stack = ["-s", project.stack];
    const piped = await typed(project, ["exec", "members", ...stack, "--", "sh", "-c", "cat; echo wrong >&2; exit 7"], "from the pipe\n");
    assert.deepEqual([piped.code, piped.stdout, piped.output], [7, "from the pipe\n", "from the pipe\nwrong\n"]);
    const options = await project.berth(["exec", ...stack, "members", "printf", "%s", "--help"]);
    assert.deepEqual([options.code, options.stdout], [0, "--help"]);
    const large = await typed(project, ["exec", "members", ...stack, "wc", "-c"], "x".repeat(3_000_000));
    assert.equal(large.stdout.trim(), "3000000");
    const hosts = await Promise.all(["0", "1"].map((replica) => project.berth(["exec", "members/web", "--replica", replica, ...stack, "hostname"])));
    assert.equal(new Set(hosts.map(({ stdout }) => stdout)).size, 2);
    const file = await project.berth(["exec", "members", ...stack, "no-such-program"]);
    assert.notEqual(file.code, 0);
    assert.match(file.output, /no-such-program/);
  });

  test("exec names the parts and the replicas that there are", async () => {
    const { project } = given();
    const part = await project.berth(["exec", "memberz", "-s", project.stack, "true"]);
    assert.equal(part.code, 2);
    assert.match(part.output, /has no part "memberz": did you mean members\?/);
    const replica = await project.berth(["exec", "members", "--replica", "5", "-s", project.stack, "true"]);
    assert.equal(replica.code, 2);
    assert.match(replica.output, /members has no replica 5 in stack ".*": it has 0, 1/);
  });

  test("exec without a command is a shell, on a terminal where there is one", async () => {
    const { project } = given();
    const run = await typed(project, ["exec", "members", "-s", project.stack], "tty; echo answer=$((6*7)); exit 4\n", true);
    assert.match(run.stdout, /\/dev\/pts\/\d/);
    assert.match(run.stdout, /answer=42/);
    assert.equal(run.code, 4);
    assert.equal((await typed(project, ["exec", "members", "-s", project.stack], "echo answer=$((6*7)); exit 5\n")).code, 5);
  });
}
