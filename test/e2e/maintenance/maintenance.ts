import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import type { Given } from "../deploy/dev-stack.ts";
import { Visitor } from "../visitor.ts";

/** An application that is closed for a while. */
export function maintenance(given: Given): void {
  test("an application in maintenance answers 503 with a page and when to come again; who is allowed gets through, and no container of it is touched", async () => {
    const { project } = given();
    const berth = async (...words: string[]) => {
      const run = await project.berth([...words, "-s", project.stack]);
      assert.equal(run.code, 0, run.output);
      return run.output;
    };
    const file = () => readFileSync(`${project.dir}/Pulumi.${project.stack}.yaml`, "utf8");
    const replicas = async () => (await project.containers("web")).map(({ Id, State }) => `${Id} ${State}`).toSorted();
    const ask = () => new Visitor(project.http, "members.localhost").get("/");
    const [before, serving, open] = [file(), await replicas(), await ask()];

    await berth("maintenance", "members", "on", "--message", "Back at 14:00.", "--retry-after", "90");
    const closed = await ask();
    assert.deepEqual([closed.status, closed.headers["retry-after"], closed.headers["content-type"]], [503, "90", "text/html; charset=utf-8"]);
    assert.match(closed.body, /<h1>Maintenance<\/h1>\n<p>Back at 14:00\.<\/p>/);
    assert.deepEqual(await replicas(), serving);
    await berth("drift");
    assert.deepEqual((await project.up()).changes, {}, "the stack file has it, so the next up keeps it");

    await berth("maintenance", "members", "on", "--allow", "0.0.0.0/0");
    assert.deepEqual([(await ask()).status, (await ask()).headers["retry-after"]], [open.status, undefined]);

    await berth("maintenance", "members", "off");
    assert.equal((await ask()).status, open.status);
    assert.deepEqual([await replicas(), await project.containers("maintenance-members"), file()], [serving, [], before]);
  });
}
