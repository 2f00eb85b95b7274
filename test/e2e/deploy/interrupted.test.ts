import assert from "node:assert/strict";
import { existsSync, globSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { docker, engine, Project } from "../project.ts";
import { withTick } from "../tick.ts";

let project: Project;

before(async () => {
  project = await Project.create("killed");
  await withTick(project, 0, true);
});
after(async () => project[Symbol.asyncDispose]());

const tick = (replicas: number, version: string) => ({ replicas, memory: "64MiB", env: { VERSION: version } });
const members = (version: string) => ({ replicas: 2, memory: "64MiB", env: { VERSION: version } });
const postgres = { connections: 60 };

/** What the stack file says at each kill, and how many operations of the update there are at least; some each night alone. */
const rounds: [what: string, operations: number, settings: Record<string, unknown>, slow?: true][] = [
  ["the update that makes the stack", 60, { "berth:apps": { tick: tick(2, "1") } }],
  ["one that adds an application", 20, { "berth:apps": { tick: tick(2, "1"), members: members("1") } }, true],
  ["one that replaces replicas", 4, { "berth:apps": { tick: tick(3, "2"), members: members("2") } }, true],
  ["one that replaces Postgres", 2, { "berth:apps": { tick: tick(3, "3"), members: members("2") }, "berth:postgres": postgres }],
  ["one that takes an application out", 6, { "berth:apps": { tick: tick(2, "4") }, "berth:postgres": postgres }],
];

// The seed is printed, so that a run that failed can be repeated.
const seed = Number(process.env["BERTH_SEED"] ?? Date.now() % 100_000);

for (const [index, [what, operations, settings, slow = false]] of rounds.entries()) {
  const skip = slow && process.env["BERTH_TEST_SLOW"] !== "1" && "slow: `./berth test --slow` runs it each night";
  const done = 1 + ((Math.imul(seed + index, 2_654_435_761) >>> 0) % operations);
  test(`SIGKILL of ${what} (seed ${seed}): the next up finishes the work, and the one after changes nothing`, { skip }, async () => {
    await project.configure((config) => {
      Object.assign(config, settings);
      if (!("members" in (settings["berth:apps"] as object))) delete config["members:KEY"];
    });
    const { code, output } = await project.berth(["up", "-s", project.stack], { killWhen: (printed) => operationsIn(printed) >= done });
    // A process that ended by itself has a code, and leaves no lock.
    assert.equal(code, null, `the update ended with ${code} before ${done} operations were seen:\n${output}`);
    assert.ok(locked(), `no update was running any more when ${done} operations were seen:\n${output}`);
    const when = `after a kill at ${operationsIn(output)} operations`;
    await project.up();
    assert.equal((await project.get("/", "tick")).status, 200, when);
    assert.deepEqual((await project.up()).changes, {}, when);
    await noDuplicates(when);
  });
}

function operationsIn(printed: string): number {
  return [...printed.matchAll(/^ *(created|updated|replaced|deleted|dropped) +\w/gm)].length;
}

function locked(): boolean {
  if (engine === "embedded") return existsSync(join(project.dir, ".berth/embedded", `${project.stack}.json.lock`));
  return globSync(".pulumi/locks/**/*.json", { cwd: join(project.dir, ".berth/state") }).length > 0;
}

/** As many containers, networks and volumes of each role as an undisturbed stack has. */
async function noDuplicates(when: string): Promise<void> {
  const filters = { label: [`berth.stack=${project.stack}`] };
  const parts = (await docker.listContainers({ all: true, filters }))
    .map(({ Names, Labels }) => `${Labels["berth.role"]} ${(Names[0] ?? "").replace(/-[0-9a-f]{7}$/, "")}`)
    .toSorted();
  assert.deepEqual(parts, [...new Set(parts)], `${when} a container is there twice`);
  const volumes = (await docker.listVolumes({ filters })).Volumes.map(({ Name }) => Name.replace(/-[0-9a-f]{8}$/, "")).toSorted();
  assert.deepEqual(volumes, [...new Set(volumes)], `${when} a volume is there twice`);
}
