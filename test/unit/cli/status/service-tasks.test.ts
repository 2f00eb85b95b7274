import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type Dockerode from "dockerode";
import type { StateResource } from "../../../../cli/deploy/stack-state.ts";
import { compare } from "../../../../cli/drift/compare.ts";
import type { Look } from "../../../../cli/drift/found.ts";
import { healthRefusal } from "../../../../cli/promote/health.ts";
import { type Tasks, tasksOf } from "../../../../cli/status/service-tasks.ts";

const service: StateResource = { urn: "urn::notes-web", type: "docker:index/service:Service", custom: true, id: "s1", inputs: { name: "notes-web-1", mode: { replicated: { replicas: 2 } } } };
const now = new Date("2026-11-22T12:00:00Z");
/** As `GET /tasks` of the Docker API has it. */
const task = (seconds: number, State = "running", DesiredState = "running", Err?: string) => ({
  ID: "t", ServiceID: "s1", Slot: 1, NodeID: "n1", DesiredState, CreatedAt: "2026-11-01T00:00:00Z", Spec: {},
  Status: { Timestamp: new Date(now.getTime() - seconds * 1000).toISOString(), State, Message: "started", ...(Err !== undefined && { Err }), ContainerStatus: { ContainerID: "c", PID: 1, ExitCode: 0 } },
});
const host = (answer: () => Promise<unknown>, asked: unknown[] = []) => ({ listTasks: (options: unknown) => (asked.push(options), answer()) }) as unknown as Dockerode;

const cases: [is: string, tasks: object[] | string, health: RegExp | undefined, drift: string | undefined][] = [
  ["all run for long", [task(3600), task(700)], undefined, undefined],
  ["a third, of an update", [task(3600), task(700), task(700)], undefined, undefined],
  ["the newest is young", [task(3600), task(60)], /^notes-web-1 has run since .* only, in its newest replica, and must for/, undefined],
  ["none", [], /^notes-web-1: 0 of 2 replicas run$/, "0 of 2 replicas run"],
  ["one is not healthy yet", [task(3600), task(5, "starting")], /^notes-web-1: 1 of 2 replicas run$/, "1 of 2 replicas run"],
  ["one that is to stop", [task(3600), task(3600, "running", "shutdown")], /1 of 2/, "1 of 2 replicas run"],
  ["one failed", [task(3600), task(9, "failed", "shutdown", "task: non-zero exit (1)")], /1 of 2 replicas run: task: non-zero exit \(1\)$/, "1 of 2 replicas run: task: non-zero exit (1)"],
  ["one failed before, and another took its place", [task(3600), task(700), task(800, "failed", "shutdown", "task: non-zero exit (1)")], undefined, undefined],
  ["the host is no manager", "This node is not a swarm manager", /^notes-web-1: how many replicas run is not known: This node is not/, "how many replicas run is not known: This node is not a swarm manager"],
];

describe("a service of which the host says", () => {
  for (const [is, answer, health, drift] of cases) {
    test(is, async () => {
      const asked: unknown[] = [];
      const tasks: Tasks = await tasksOf(host(() => (typeof answer === "string" ? Promise.reject(new Error(answer)) : Promise.resolve(answer)), asked), [service]);
      assert.deepEqual(asked, [{ filters: '{"service":["s1"]}' }]);
      const refusal = healthRefusal({ stack: "dev", state: { resources: [service] }, containers: [], tasks, now, healthyFor: 600 });
      assert.equal(refusal?.check, health === undefined ? undefined : "healthy");
      if (health !== undefined) assert.match(refusal?.because.join() ?? "", health);
      const look = { containers: [], networks: [], volumes: [], images: new Map(), files: new Map(), tasks } as Look;
      assert.deepEqual(compare("prod", { resources: [service] }, look).map(({ kind, is: found, harmful }) => [kind, found, harmful]), drift === undefined ? [] : [["service", drift, true]]);
    });
  }

  test("nothing, as nobody asked it, is not known to be healthy", () => {
    assert.match(healthRefusal({ stack: "dev", state: { resources: [service] }, containers: [], now, healthyFor: 0 })?.because.join() ?? "", /not known/);
  });
});
