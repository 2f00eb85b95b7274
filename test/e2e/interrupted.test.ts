import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { docker, Project } from "./project.ts";

let project: Project;
/** How long a whole first `up` takes here, in milliseconds. */
let whole: number;

before(async () => {
  project = await Project.create("killed");
  const start = Date.now();
  await project.up();
  whole = Date.now() - start;
});
after(async () => project[Symbol.asyncDispose]());

// The seed is printed, so that a run that failed can be repeated.
const seed = Number(process.env["BERTH_SEED"] ?? Date.now() % 100_000);
const fractions = [1, 2, 3, 4, 5].map((index) => (Math.imul(seed + index, 2_654_435_761) >>> 0) / 2 ** 32);

for (const [index, fraction] of fractions.entries()) {
  test(`SIGKILL ${index + 1} of 5 (seed ${seed}): the next up finishes the work, and the one after changes nothing`, async () => {
    const down = await project.berth(["down", "-s", project.stack, "--yes"]);
    assert.equal(down.code, 0, down.output);
    const killAfter = Math.round(500 + fraction * whole * 0.9);
    await project.berth(["up", "-s", project.stack], { killAfter });
    await project.up();
    assert.equal((await project.get("/health")).status, 200, `after a kill at ${killAfter} ms`);
    assert.deepEqual((await project.up()).changes, {}, `after a kill at ${killAfter} ms`);
    await noDuplicates(killAfter);
  });
}

/** As many containers, networks and volumes of each role as an undisturbed stack has. */
async function noDuplicates(killAfter: number): Promise<void> {
  const filters = { label: [`berth.stack=${project.stack}`] };
  const parts = (await docker.listContainers({ all: true, filters }))
    .map(({ Names, Labels }) => `${Labels["berth.role"]} ${(Names[0] ?? "").replace(/-[0-9a-f]{7}$/, "")}`)
    .toSorted();
  assert.deepEqual(parts, [...new Set(parts)], `after a kill at ${killAfter} ms a container is there twice`);
  const volumes = (await docker.listVolumes({ filters })).Volumes.map(({ Name }) => Name.replace(/-[0-9a-f]{8}$/, "")).toSorted();
  assert.deepEqual(volumes, [...new Set(volumes)], `after a kill at ${killAfter} ms a volume is there twice`);
}
