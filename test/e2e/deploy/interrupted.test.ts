import assert from "node:assert/strict";
import { existsSync, globSync, mkdirSync, mkdtempSync, readdirSync, writeFileSync } from "node:fs";
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

interface Round {
  what: string;
  signal: NodeJS.Signals;
  /** How many the update has at least. */
  operations: number;
  /** Of the stack file. */
  settings: Record<string, unknown>;
}

const rounds: Round[] = [
  { what: "the update that makes the stack", signal: "SIGKILL", operations: 60, settings: { "berth:apps": { tick: tick(2, "1") } } },
  { what: "one that adds an application", signal: "SIGKILL", operations: 20, settings: { "berth:apps": { tick: tick(2, "1"), members: members("1") } } },
  { what: "one that replaces replicas", signal: "SIGTERM", operations: 4, settings: { "berth:apps": { tick: tick(3, "2"), members: members("2") } } },
  { what: "one that replaces Postgres", signal: "SIGKILL", operations: 2, settings: { "berth:apps": { tick: tick(3, "3"), members: members("2") }, "berth:postgres": postgres } },
  { what: "one that takes an application out", signal: "SIGINT", operations: 6, settings: { "berth:apps": { tick: tick(2, "4") }, "berth:postgres": postgres } },
];

// The seed is printed, so that a run that failed can be repeated.
const seed = Number(process.env["BERTH_SEED"] ?? Date.now() % 100_000);
const somewhere = (index: number, operations: number) => 1 + ((Math.imul(seed + index, 2_654_435_761) >>> 0) % operations);

for (const [index, { what, signal, operations, settings }] of rounds.entries()) {
  const done = somewhere(index, operations);
  test(`${signal} at ${what} (seed ${seed}): the next up finishes the work, and the one after changes nothing`, async () => {
    await project.configure((config) => {
      // Nobody is asked before an application leaves.
      Object.assign(config, settings, { "berth:environment": "dev" });
      if (!("members" in (settings["berth:apps"] as object))) delete config["members:KEY"];
    });
    const output = await interrupted(["up", "-s", project.stack], signal, done);
    if (signal === "SIGKILL" && engine === "pulumi") cutOff();
    const when = `after ${signal} at ${operationsIn(output)} operations`;
    await project.up();
    assert.equal((await project.get("/", "tick")).status, 200, when);
    assert.deepEqual((await project.up()).changes, {}, when);
    await noDuplicates(when);
  });
}

test(`SIGTERM at down (seed ${seed}): the next one finishes the work`, async () => {
  await interrupted(["down", "-s", project.stack, "--yes"], "SIGTERM", somewhere(rounds.length, 10));
  const run = await project.berth(["down", "-s", project.stack, "--yes"]);
  assert.equal(run.code, 0, run.output);
  assert.deepEqual(await project.containers(), []);
});

/** Runs a command that gets `signal` once so many operations are done, and shows that it was at work then, and how it ended; what it printed. */
async function interrupted(command: string[], signal: NodeJS.Signals, done: number): Promise<string> {
  mkdirSync(join(project.dir, ".berth"), { recursive: true });
  const temporary = mkdtempSync(join(project.dir, ".berth", "tmp-"));
  const { code, output } = await project.berth(command, { signal, killWhen: (printed) => operationsIn(printed) >= done, environment: { TMPDIR: temporary } });
  if (signal === "SIGKILL") {
    // A process that ended by itself has a code, and leaves no lock.
    assert.equal(code, null, `the update ended with ${code} before ${done} operations were seen:\n${output}`);
    assert.ok(locked(), `no update was running any more when ${done} operations were seen:\n${output}`);
    return output;
  }
  assert.equal(code, 130, output);
  assert.match(output, /error: interrupted; what was begun is recorded, and the next run goes on from there/);
  assert.ok(!locked(), "the lock is still there");
  assert.deepEqual(readdirSync(temporary), [], "something is left, for example a login");
  return output;
}

function operationsIn(printed: string): number {
  return [...printed.matchAll(/^ *(created|updated|replaced|deleted|dropped) +\w/gm)].length;
}

/** As a kill in the middle of a write of the CLI leaves its state: with an empty sidecar, which it can't read. */
function cutOff(): void {
  const files = globSync(`.pulumi/stacks/**/${project.stack}.json`, { cwd: join(project.dir, ".berth/state") });
  assert.equal(files.length, 1);
  for (const file of files) writeFileSync(join(project.dir, ".berth/state", `${file}.attrs`), "");
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
