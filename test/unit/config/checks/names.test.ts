import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import type { AppDefinition } from "../../../../components/index.ts";
import { nameProblems } from "../../../../config/checks/names.ts";

const settings = { env: {} };
const base: AppDefinition = { context: "/apps/x" };
const problems = (apps: Record<string, Partial<AppDefinition>>, live = false) =>
  nameProblems(
    Object.keys(apps).map((name) => [name, { ...settings, ...(live && { live }) }]),
    Object.fromEntries(Object.entries(apps).map(([name, definition]) => [name, { ...base, ...definition }])),
  );
const schedule = { cron: "0 3 * * *", command: ["true"] };

test("two applications whose volume, job or schedule has one name are told, with both places", () => {
  const [volume, ...others] = problems({ a: { volumes: { "b-volume-c": "/data" } }, "a-volume-b": { volumes: { c: "/data" } } });
  assert.deepEqual(others, []);
  assert.equal(volume?.field, "volumes.c of apps/a-volume-b/app.ts");
  assert.match(volume?.value ?? "", /the volume "a-volume-b-volume-c" .*as is volumes\.b-volume-c of apps\/a\/app\.ts/);
  assert.deepEqual(problems({ shop: { jobs: { "admin-migrate": ["true"] } }, "shop-admin": { jobs: { migrate: ["true"] } } }).map(({ field }) => field), ["jobs.migrate of apps/shop-admin/app.ts"]);
  assert.deepEqual(problems({ a: { schedules: { "b-c": schedule } }, "a-b": { schedules: { c: schedule } } }).length, 1);
  const live = { target: "dev", source: "/src", command: ["true"], caches: { "b-volume-c": "/cache" } };
  assert.deepEqual(problems({ a: { live }, "a-cache-b": { volumes: { c: "/data" } } }, true).length, 1);
  assert.deepEqual(problems({ a: { live }, "a-cache-b": { volumes: { c: "/data" } } }).length, 0, "without live it makes none");
});

test("a worker whose containers would be named as those of another application is told", () => {
  const web = { port: 1, health: { path: "/" } };
  const worker = { health: ["true"] };
  assert.deepEqual(problems({ a: { workers: { web: worker, worker, metrics: worker, b: worker } }, "a-worker": { web, worker, metrics: { port: 1 } } }).map(({ field }) => field), ["web of apps/a-worker/app.ts", "metrics of apps/a-worker/app.ts", "worker of apps/a-worker/app.ts"]);
  assert.deepEqual(problems({ a: { worker, workers: { web: worker, a: worker } }, "a-worker": { worker } }), []);
});

test("things of two kinds, and those of one application, may have one name", () => {
  assert.deepEqual(problems({ a: { jobs: { b: ["true"] }, schedules: { b: schedule }, volumes: { b: "/b", c: "/c" } }, b: { volumes: { b: "/b", c: "/c" } } }), []);
});

test("names that are let pass are all different on the Docker host", () => {
  const word = fc.array(fc.constantFrom("a", "b", "volume"), { minLength: 1, maxLength: 4 }).map((parts) => parts.join("-"));
  fc.assert(
    fc.property(fc.uniqueArray(fc.tuple(word, word), { maxLength: 6, selector: ([app]) => app }), (pairs) => {
      const names = pairs.map(([app, volume]) => `${app}-volume-${volume}`);
      const found = problems(Object.fromEntries(pairs.map(([app, volume]) => [app, { volumes: { [volume]: "/data" } }])));
      assert.equal(found.length, names.length - new Set(names).size);
    }),
  );
});
