import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { dirname } from "node:path";
import { test } from "node:test";
import { onHost } from "../docker-host.ts";
import { until } from "../eventually.ts";
import { docker } from "../project.ts";
import { leftToTheNight } from "../slow.ts";
import type { Given } from "./kinds.ts";

/** What an application may take of memory and disk. */
export function bounds(given: Given): void {
  test("one that runs out of memory is ended alone, and starts again", async () => {
    const { project } = given();
    const shop = async () => {
      const web = (await project.containers("web")).find(({ Labels }) => Labels["berth.app"] === "shop");
      return docker.getContainer(web?.Id ?? "").inspect();
    };
    const others = async () => (await project.containers()).filter(({ State }) => State === "running").map(({ Id }) => Id).filter((id) => id !== web.Id).toSorted();
    const web = await shop();
    const running = await others();
    const since = String(Math.floor(Date.now() / 1000));
    const ended = () => execFileSync("docker", ["events", "--since", since, "--until", String(Math.ceil(Date.now() / 1000)), "--filter", "event=oom", "--filter", `label=berth.stack=${project.stack}`, "--format", "{{.Actor.ID}}"], { encoding: "utf8" });
    await project.get("/leak", "shop").catch(() => undefined);
    await until(async () => (await shop()).RestartCount > web.RestartCount && (await project.get("/", "shop").catch(() => ({ status: 0 }))).status === 200);
    // Docker's event of the kernel's kill for want of memory.
    assert.deepEqual([...new Set(ended().trim().split("\n"))], [web.Id]);
    assert.deepEqual(await others(), running);
    assert.equal((await project.get("/", "remote")).status, 200);
  });

  test("a flood of 1 GB in a log takes no more of the disk than the driver's cap", { skip: leftToTheNight }, async () => {
    const { project } = given();
    const [worker] = await project.containers("worker");
    const { LogPath } = await docker.getContainer(worker?.Id ?? "").inspect();
    const line = "x".repeat(1000);
    execFileSync("docker", ["exec", worker?.Id ?? "", "sh", "-c", `yes ${line} | head -c 1000000000 > /proc/1/fd/1`]);
    const sizes = onHost("stat -c %s /log/*-json.log*", "-v", `${dirname(LogPath)}:/log:ro`).split("\n").filter(Boolean).map(Number);
    const total = sizes.reduce((sum, size) => sum + size, 0);
    assert.ok(sizes.length > 1 && total > 10e6, `the log was not rotated: ${sizes.join(", ")}`);
    assert.ok(total < 33e6, `${total} bytes`);
  });
}
