import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { AppDefinition } from "../../../components/index.ts";
import { appMetrics } from "../../../components/app/metrics.ts";

const context = "/apps/shop";
const web = { port: 3000, health: { path: "/", command: ["shop", "health"] } };
const worker = { health: ["shop", "working"] };
const of = (definition: Omit<AppDefinition, "context">, runtime?: "docker" | "swarm", live?: boolean, workers?: Record<string, { replicas: number }>) => {
  const apps = [{ name: "shop", definition: { context, ...definition }, replicas: 3, ...(live !== undefined && { live }), ...(workers !== undefined && { workers }) }];
  return appMetrics(apps, runtime === undefined ? {} : { runtime }, (name) => `net-${name}`);
};
const on = { name: "shop", network: "net-shop" };
const works = { ...on, roles: ["worker"] };
const nothing = { applications: [], schedulers: [], workers: [], services: [] };

describe("what the monitoring reads of an application", () => {
  test("is nothing of one that only serves requests: Traefik sees whether it does", () => {
    assert.deepEqual(of({ web }), nothing);
  });

  test("is its metrics, its schedules and its worker's health", () => {
    const metrics = { port: 9090 };
    const schedules = { tidy: { cron: "0 3 * * *", command: ["shop", "tidy"], alertAfter: 60 } };
    assert.deepEqual(of({ web, worker, metrics, schedules }), { ...nothing, applications: [{ ...on, port: 9090 }], schedulers: [{ ...on, tasks: [{ name: "tidy", alertAfter: 60 }] }], workers: [works] });
  });

  test("is each of its workers, and in a swarm the number that the stack has of it", () => {
    const roles = [{ role: "worker", replicas: 1 }, { role: "worker-mail", replicas: 4 }];
    const several = { worker, workers: { mail: worker } };
    const counts = { "worker-mail": { replicas: 4 } };
    assert.deepEqual(of(several, undefined, undefined, counts), { ...nothing, workers: [{ ...on, roles: ["worker", "worker-mail"] }] });
    assert.deepEqual(of(several, "swarm", undefined, counts), { ...nothing, services: roles.map((role) => ({ ...on, ...role })) });
  });

  test("is in a swarm how many replicas of each service are well", () => {
    const services = [{ ...on, role: "web", replicas: 3 }, { ...on, role: "worker", replicas: 1 }];
    assert.deepEqual(of({ web, worker }, "swarm"), { ...nothing, services });
  });

  test("is that of containers in a swarm too, where it mounts something of the Docker host", () => {
    const contained = { ...nothing, workers: [works] };
    assert.deepEqual(of({ web, worker, volumes: { data: "/data" } }, "swarm"), contained);
    assert.deepEqual(of({ web: { port: 3000, health: { path: "/" } }, worker }, "swarm"), contained, "Berth's own health check is on a volume");
    assert.deepEqual(of({ web, worker }, "swarm", true), contained, "its source is a folder");
  });
});
