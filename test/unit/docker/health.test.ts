import assert from "node:assert/strict";
import { test } from "node:test";
import { waitHealthy } from "../../../docker/health.ts";
import { FakeEngine } from "./fake-engine.ts";

const listed = (Id: string, State: string, Status: string) => ({ Id, State, Status });

test("a look that fails ends the wait for that container with the reason, and for no other", { timeout: 10_000 }, async () => {
  await using engine = await FakeEngine.start();
  let looks = 0;
  engine.answers["GET /containers/json"] = () => {
    looks += 1;
    const well = looks > 2 ? "Up 1 second (healthy)" : "Up 1 second (health: starting)";
    return { body: [listed("gone", "exited", "Exited (1)"), listed("looping", "restarting", "Restarting (1)"), listed("well", "running", well)] };
  };
  engine.answers["GET /containers/gone/json"] = { status: 500, body: { message: "the disk is full" } };
  engine.answers["GET /containers/looping/json"] = "cut";
  const { docker } = engine;
  const [gone, looping, well] = await Promise.all([waitHealthy(docker, "gone", 5), waitHealthy(docker, "looping", 5), waitHealthy(docker, "well", 5)]);
  assert.match(gone ?? "", /container is exited, and can't be looked at: .*the disk is full/);
  assert.match(looping ?? "", /container is restarting, and can't be looked at: .*(hang up|ECONNRESET)/);
  assert.equal(well, undefined);
});

test("an engine that can't be asked until the time is over is named as the reason", { timeout: 10_000 }, async () => {
  await using engine = await FakeEngine.start();
  engine.answers["GET /containers/json"] = { status: 500, body: { message: "the daemon is shutting down" } };
  assert.match((await waitHealthy(engine.docker, "a", 0.5)) ?? "", /container was not healthy after 0\.5 s; the Docker Engine could not be asked: .*the daemon is shutting down/);
});

test("a container that is removed while it is waited for is told as removed, whichever call sees it", { timeout: 10_000 }, async () => {
  await using engine = await FakeEngine.start();
  engine.answers["GET /containers/json"] = { body: [listed("a", "exited", "Exited (0)")] };
  assert.match((await waitHealthy(engine.docker, "a", 5)) ?? "", /was removed while it was waited for/);
});
