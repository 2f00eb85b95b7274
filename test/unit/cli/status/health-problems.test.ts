import assert from "node:assert/strict";
import { test } from "node:test";
import type { Deployment } from "../../../../cli/deploy/stack-state.ts";
import { lacksOf, missingOf, problemOf } from "../../../../cli/status/health-problems.ts";

const base = { part: "root/web", role: "web", container: "c", image: "i", restarts: 0 };

test("a container is well when it runs and is not unhealthy, or has ended as it should", () => {
  for (const well of [
    { ...base, state: "running", health: "healthy", uptime: 5 },
    { ...base, state: "running" },
    { ...base, role: "job", state: "exited", exitCode: 0 },
    { ...base, role: "files", state: "created" },
    { ...base, state: "running", restarts: 7, uptime: 3600 },
  ]) assert.equal(problemOf(well), undefined, JSON.stringify(well));
  assert.equal(problemOf({ ...base, state: "running", health: "unhealthy" }), "is unhealthy");
  assert.equal(problemOf({ ...base, state: "exited", exitCode: 0 }), "is exited, with code 0");
  assert.equal(problemOf({ ...base, role: "job", state: "exited", exitCode: 3 }), "is exited, with code 3");
});

test("one that keeps ending is not well, also when it is looked at while it runs", () => {
  assert.match(problemOf({ ...base, state: "restarting", restarts: 4, exitCode: 1 }) ?? "", /keeps ending: it was started again 4 times/);
  assert.equal(problemOf({ ...base, state: "running", health: "starting", restarts: 4, uptime: 12 }), "ended and was started again, 4 times until now, the last 12 s ago");
});

const container = (name: string, id: string, inputs: object = {}) => ({
  urn: `urn:pulumi:prod::berth::docker:index/container:Container::${name}`,
  type: "docker:index/container:Container",
  custom: true,
  id,
  inputs: { name: `${name}-0a1b2c3`, image: "root@sha256:1", labels: [{ label: "berth.role", value: "web" }, { label: "berth.app", value: "root" }], ...inputs },
});

test("what the state has and the host has not is missing, jobs and files apart", () => {
  const state: Deployment = { resources: [container("root-web-0", "a"), container("root-web-1", "b"), container("root-migrate", "c", { attach: true, mustRun: false }), container("root-files", "d", { start: false })] };
  assert.deepEqual(missingOf(state, [{ Id: "a" }]), [{ part: "root/web", role: "web", app: "root", container: "root-web-1-0a1b2c3", image: "root@sha256:1", state: "missing", restarts: 0 }]);
  assert.deepEqual(missingOf(state, []).map(({ container: name }) => name), ["root-web-0-0a1b2c3", "root-web-1-0a1b2c3"]);
  assert.equal(problemOf({ ...base, state: "missing" }), "is gone, though the state has it");
});

test("a service of a swarm lacks the replicas that do not run", () => {
  const service = { urn: "urn:pulumi:prod::berth::docker:index/service:Service::root-web", type: "docker:index/service:Service", custom: true, id: "s", inputs: { name: "root-web", mode: { replicated: { replicas: 2 } } } };
  const task = { DesiredState: "running", Status: { State: "running", Timestamp: "2026-01-01T00:00:00Z" } };
  assert.deepEqual(lacksOf({ resources: [service] }, new Map([["s", [task]]])), ["root-web: 1 of 2 replicas run"]);
  assert.deepEqual(lacksOf({ resources: [service] }, new Map([["s", [task, task]]])), []);
});
