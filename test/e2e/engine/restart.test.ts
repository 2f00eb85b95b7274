import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import lock from "../../../config/images.lock.json" with { type: "json" };
import { eventually } from "../eventually.ts";
import { engine, Project, type Run } from "../project.ts";
import { platformImages, SecondEngine } from "../servers/second-engine.ts";
import { withTick } from "../tick.ts";

// What starts a container again is the Docker Engine, by settings that both deployment engines give: one of them is
// enough. The engine is one of the test's own; the machine's is never restarted.
const skip = SecondEngine.missing() ?? (engine === "embedded" ? false : "once is enough: on the embedded engine");

let project: Project;
let second: SecondEngine;

before(async () => {
  if (skip !== false) return;
  project = await Project.create("restart");
  second = await SecondEngine.create({ published: [project.http], images: [...platformImages, lock.registry] });
  // Of the parts that it builds the stack needs none, and so not what they are built from.
  rmSync(join(project.dir, "images"), { recursive: true });
  await withTick(project, 0, true);
  await berth("up");
});
after(async () => {
  if (skip !== false) return;
  await second[Symbol.asyncDispose]();
  await project[Symbol.asyncDispose]();
});

test("after a restart of the Docker Engine everything is healthy again within 120 s, with its data, and nobody does anything", { skip }, async (context) => {
  const before = await running();
  assert.ok(before.length >= 9, `${before.length} containers`);
  assert.deepEqual(before.filter(({ Status }) => /unhealthy|starting/.test(Status)), []);
  await psql("CREATE TABLE public.kept (id int); INSERT INTO public.kept VALUES (1), (2), (3)");

  const started = performance.now();
  await second.restart();
  await eventually("the same containers run, and are healthy", 120_000 - (performance.now() - started), async () => {
    const now = await running();
    const lacking = before.filter(({ Id }) => now.every((other) => other.Id !== Id)).map(({ Names }) => Names[0]);
    const unwell = now.filter(({ Status }) => /unhealthy|starting/.test(Status)).map(({ Names, Status }) => `${Names[0]}: ${Status}`);
    return lacking.length + unwell.length === 0 ? undefined : [...lacking, ...unwell].join(", ");
  });
  await eventually("the application answers", 120_000 - (performance.now() - started), async () => {
    const { status } = await project.get("/", "tick").catch(() => ({ status: 0 }));
    return status === 200 ? undefined : String(status);
  });
  context.diagnostic(`${before.length} containers healthy, and the application answers, ${((performance.now() - started) / 1000).toFixed(1)} s after the restart began`);

  assert.equal((await psql("SELECT count(*) FROM public.kept")).stdout.trim(), "3");
  const { changes } = JSON.parse((await berth("up", "--json")).stdout) as { changes: object };
  assert.deepEqual(changes, {});
});

/** A command as if typed on the second engine's host. */
async function berth(command: string, ...args: string[]): Promise<Run> {
  const run = await project.berth([command, "-s", project.stack, ...args], { inside: second.inside, environment: { DOCKER_HOST: second.host } });
  assert.equal(run.code, 0, run.output);
  return run;
}

function psql(sql: string): Promise<Run> {
  return berth("psql", "--", "-Atc", sql);
}

function running() {
  return second.docker.listContainers({ filters: { label: [`berth.stack=${project.stack}`] } });
}
