import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import type { ScheduleStatus } from "../../../cli/schedules/schedules.ts";
import { type Given, readData } from "../app/kinds.ts";
import { eventually, until } from "../eventually.ts";
import { docker } from "../project.ts";
import { leftToTheNight } from "../slow.ts";

/** When schedules run, and what is known of their runs. */
export function schedules(given: Given): void {
  const status = async () => {
    const { project } = given();
    const { code, stdout } = await project.berth(["schedules", "-s", project.stack, "--json"]);
    const { schedules: found, well } = JSON.parse(stdout) as { well: boolean; schedules: ScheduleStatus[] };
    return { code, well, of: (name: string) => found.find(({ schedule }) => schedule === `robot/${name}`) };
  };

  test("runs in its time zone, and never beside itself though it is due more often than it ends", async () => {
    const { project } = given();
    await until(async () => (await readData(project, "zones")).length >= 3);
    assert.deepEqual([...new Set(await readData(project, "zones"))], ["+0900"]);
    assert.deepEqual(await readData(project, "overlap"), []);
  });

  test("shows its last result: in the log with the exit code, and counted in its metrics", async () => {
    const { project } = given();
    const [broken] = await project.containers("schedule-broken");
    const container = docker.getContainer(broken?.Id ?? "");
    await until(async () => (await container.logs({ stdout: true, stderr: true })).toString().includes("error running command: exit status 3"));
    assert.match((await container.logs({ stdout: true, stderr: true })).toString(), /it broke/);
    const metrics = execFileSync("docker", ["exec", broken?.Id ?? "", "/opt/berth/busybox", "wget", "-q", "-O", "-", "http://127.0.0.1:9746/metrics"], { encoding: "utf8" });
    assert.match(metrics, /supercronic_failed_executions\{[^}]*\} [1-9]/);
  });

  test("schedules has the last start and result of each, and when it is due next", async () => {
    const { project } = given();
    await eventually("both have run", 30_000, async () => {
      const { of } = await status();
      return of("good")?.lastResult === "succeeded" && of("broken")?.lastResult !== undefined ? undefined : JSON.stringify([of("good"), of("broken")]);
    });
    const { code, well, of } = await status();
    assert.deepEqual([code, well], [5, false]);
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

  test("runs that were due while the container was down are missed", { skip: leftToTheNight }, async () => {
    const { project } = given();
    const [container] = await project.containers("schedule-good");
    const good = docker.getContainer(container?.Id ?? "");
    await good.stop();
    const stopped = Date.now();
    assert.equal((await status()).of("good")?.running, false);
    // A run may be 30 s late.
    const missed = async () => (await status()).of("good")?.missed ?? [];
    await eventually("three are missed", 60_000, async () => ((await missed()).length >= 3 ? undefined : `${(await missed()).length} are`));
    await good.start();
    const started = Date.now();
    await eventually("it runs again", 30_000, async () => {
      const { lastResult, lastStart = "" } = (await status()).of("good") ?? {};
      return lastResult === "succeeded" && Date.parse(lastStart) > started - 1000 ? undefined : `${lastResult} at ${lastStart}`;
    });
    const times = (await missed()).map((time) => Date.parse(time));
    assert.ok(times.length >= 3, `${times.length} were missed`);
    assert.deepEqual(times.filter((time) => time < stopped - 2000 || time > started), []);
  });
}
