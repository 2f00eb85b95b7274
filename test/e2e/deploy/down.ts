import assert from "node:assert/strict";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { docker } from "../project.ts";
import type { Given } from "./dev-stack.ts";

/** The end of a stack, and its data after it. */
export function down(given: Given): void {
  test("down from a second checkout of the same stack is refused, with the data too, and leaves all of it", async () => {
    const { project } = given();
    const made = async () => [(await project.containers()).map(({ Id, State }) => `${Id} ${State}`).toSorted(), await project.volumes("data")];
    const before = await made();
    const second = mkdtempSync(join(tmpdir(), "berth-e2e-second-"));
    try {
      cpSync(project.dir, second, { recursive: true, filter: (path) => ![".berth", "node_modules"].includes(basename(path)) });
      symlinkSync(join(project.dir, "node_modules"), join(second, "node_modules"));
      for (const more of [[], ["--volumes"]]) {
        const { status, stderr } = spawnSync("./berth", ["down", "-s", project.stack, "--yes", ...more], { cwd: second, env: project.environment, encoding: "utf8" });
        assert.equal(status, 6, stderr);
        assert.match(stderr, /is already on this Docker Engine \(\d+ containers\), but none of them is in this state/);
        assert.deepEqual(await made(), before);
      }
    } finally {
      rmSync(second, { recursive: true });
    }
  });

  test("down in production asks, and where nobody can answer it removes nothing", async () => {
    const { project } = given();
    const before = (await project.containers()).map(({ Id }) => Id).toSorted();
    const file = join(project.dir, `Pulumi.${project.stack}.yaml`);
    const text = readFileSync(file, "utf8");
    writeFileSync(file, text.replace("berth:environment: dev", "berth:environment: prod"));
    const run = await project.berth(["down", "-s", project.stack]);
    writeFileSync(file, text);
    assert.equal(run.code, 2, run.output);
    assert.match(run.output, /berth down asks before it removes a stack of production, and there is nobody to ask: add --yes/);
    assert.deepEqual((await project.containers()).map(({ Id }) => Id).toSorted(), before);
  });

  test("down leaves the data volumes and nothing else; up again finds the row", async () => {
    const { project } = given();
    const data = await project.volumes("data");
    assert.equal(data.length, 4);
    const down = await project.berth(["down", "-s", project.stack, "--yes"]);
    assert.equal(down.code, 0, down.output);
    assert.deepEqual(await project.containers(), []);
    assert.deepEqual(await project.volumes("data"), data);
    assert.deepEqual(await project.volumes("files"), []);
    await project.up();
    assert.deepEqual(await project.members(), ["ada", "grace"]);
  });

  test("down --volumes removes the data too", async () => {
    const { project } = given();
    const down = await project.berth(["down", "-s", project.stack, "--volumes", "--yes"]);
    assert.equal(down.code, 0, down.output);
    const { Volumes } = await docker.listVolumes({ filters: { label: [`berth.stack=${project.stack}`] } });
    assert.deepEqual(Volumes, []);
    assert.deepEqual(await docker.listNetworks({ filters: { label: [`berth.stack=${project.stack}`] } }), []);
  });
}
