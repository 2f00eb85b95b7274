import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { ScheduleStatus } from "../../ops/commands/schedules.ts";
import { docker, Project } from "./project.ts";

// Seven fields: the first are seconds, so that a test need not wait for minutes.
const robot = `
export default {
  context: import.meta.dirname,
  schedules: {
    good: { cron: "*/2 * * * * * *", command: ["true"] },
    broken: { cron: "*/2 * * * * * *", timeZone: "Asia/Tokyo", command: ["sh", "-c", "exit 3"] },
    rare: { cron: "0 0 29 2 *", timeZone: "Europe/Vienna", command: ["true"] },
  },
};
`;

let project: Project;
const schedules = async () => {
  const { code, stdout } = await project.berth(["schedules", "-s", project.stack, "--json"]);
  const { schedules: found, well } = JSON.parse(stdout) as { well: boolean; schedules: ScheduleStatus[] };
  return { code, well, of: (name: string) => found.find(({ schedule }) => schedule === `robot/${name}`) };
};

before(async () => {
  project = await Project.create("schedules");
  project.write("apps/robot/Dockerfile", "FROM debian:trixie-slim\n");
  project.write("apps/robot/app.ts", robot);
  await project.configure((config) => {
    config["berth:apps"] = { robot: {} };
    delete config["root:ROOT_SECRET"];
  });
  await project.up();
});
after(async () => project[Symbol.asyncDispose]());

test("schedules has the last start and result of each, and when it is due next", async () => {
  await sleep(5000);
  const { code, well, of } = await schedules();
  assert.deepEqual([code, well], [1, false]);
  assert.deepEqual([of("good")?.lastResult, of("good")?.missed], ["succeeded", []]);
  assert.deepEqual([of("broken")?.lastResult, of("broken")?.timeZone, of("broken")?.running], ["failed: exit status 3", "Asia/Tokyo", true]);
  assert.ok(Math.abs(Date.parse(of("good")?.lastStart ?? "") - Date.now()) < 10_000);
  assert.ok(Date.parse(of("good")?.nextRun ?? "") - Date.now() < 3000);
  assert.equal(of("rare")?.lastStart, undefined);
  assert.match(of("rare")?.nextRun ?? "", /^20\d\d-02-28T23:00:00Z$/);
  const table = await project.berth(["schedules", "-s", project.stack]);
  assert.match(table.stdout, /^robot\/broken +\*\/2 \* \* \* \* \* \* +Asia\/Tokyo .*failed: exit status 3/m);
  assert.match(table.stdout, /^robot\/rare .*none since/m);
});

test("runs that were due while the container was down are missed", async () => {
  const [container] = await project.containers("schedule-good");
  const good = docker.getContainer(container?.Id ?? "");
  await good.stop();
  assert.equal((await schedules()).of("good")?.running, false);
  await sleep(40_000);
  await good.start();
  await sleep(3000);
  const { of } = await schedules();
  const { missed = [], lastResult } = of("good") ?? {};
  assert.ok(missed.length >= 3 && missed.length < 12, `${missed.length} were missed`);
  assert.equal(lastResult, "succeeded");
});
