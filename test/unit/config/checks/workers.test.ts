import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { AppDefinition, Worker } from "../../../../components/index.ts";
import { appProblems } from "../../../../config/checks/apps.ts";
import { workerProblems } from "../../../../config/checks/workers.ts";
import type { AppSettings } from "../../../../config/settings.ts";
import { sizesOf } from "../../../../config/sizes.ts";

const health = ["shop", "working"];
const context = "/apps/shop";
const several: AppDefinition = { context, worker: { health }, workers: { mail: { health, replicas: 2, memory: "64MiB" }, import: { health, cpus: 2 } } };
const problems = (definition: AppDefinition, given: Partial<AppSettings> = {}) => workerProblems("prod", [["shop", { env: {}, ...given }]], { shop: definition });

describe("the size of a worker", () => {
  const size = (given: Partial<AppSettings>, definition = several) => sizesOf({ env: {}, ...given }, definition);

  test("is what the stack file says, or else app.ts, or else the application's own", () => {
    assert.deepEqual(size({ memory: "512MiB", cpus: 1 }).workers, {
      worker: { replicas: 1, memory: "512MiB", cpus: 1 },
      "worker-mail": { replicas: 2, memory: "64MiB", cpus: 1 },
      "worker-import": { replicas: 1, memory: "512MiB", cpus: 2 },
    });
    const { worker, "worker-mail": mail } = size({ worker: { replicas: 4, memory: "1GiB" }, workers: { mail: { replicas: 1, cpus: 0.1 } } }).workers;
    assert.deepEqual([worker, mail], [{ replicas: 4, memory: "1GiB", cpus: 0.5 }, { replicas: 1, memory: "64MiB", cpus: 0.1 }]);
  });

  test("is from source that of the language's tools, unless the stack file says otherwise", () => {
    const live = { target: "dev", command: ["watch"], source: "/app", memory: "1GiB" };
    const memories = (given: Partial<AppSettings>) => Object.values(size({ live: true, ...given }, { ...several, live }).workers).map(({ memory }) => memory);
    assert.deepEqual(memories({}), ["1GiB", "1GiB", "1GiB"]);
    assert.deepEqual(memories({ workers: { mail: { memory: "96MiB" } } }), ["1GiB", "96MiB", "1GiB"]);
  });
});

describe("workers", () => {
  test("as they should be are no problem, nor is the one of an earlier version", () => {
    assert.deepEqual([problems(several, { worker: { replicas: 2 }, workers: { mail: { memory: "1GiB" } } }), problems({ context, worker: { health } })], [[], []]);
  });

  test("in the stack file that app.ts does not have are told, with those that it has", () => {
    assert.deepEqual(problems(several, { workers: { mial: { replicas: 2 } } }), [
      { field: "berth:apps.shop.workers.mial", value: '{"replicas":2}', allowed: "a worker of its app.ts: worker, workers.mail, workers.import", fix: "correct its name, or pulumi config rm -s prod --path 'berth:apps.shop.workers.mial'" },
    ]);
    assert.deepEqual(problems({ context }, { worker: {} }).map(({ field, allowed }) => [field, allowed]), [["berth:apps.shop.worker", "a worker of its app.ts: it has none"]]);
  });

  test("in app.ts that can't be are told with field, value and what is allowed", () => {
    const bad = { health: [] as string[], replicas: 0, memory: "64", cpus: 99 } satisfies Worker;
    const found = problems({ context, workers: { mail: bad, "Up-Load": { health } }, live: { target: "dev", command: ["a"], source: "/a", workers: { mial: ["a"] } } });
    assert.deepEqual(found.map(({ field, value }) => [field, value]), [
      ["workers of apps/shop/app.ts", '"Up-Load"'],
      ["workers.mail.replicas of apps/shop/app.ts", "0"],
      ["workers.mail.memory of apps/shop/app.ts", '"64"'],
      ["workers.mail.cpus of apps/shop/app.ts", "99"],
      ["workers.mail.health of apps/shop/app.ts", "[]"],
      ["live.workers of apps/shop/app.ts", '"mial"'],
    ]);
    for (const { allowed, fix } of found) assert.ok(allowed.length > 10 && fix === "correct it in apps/shop/app.ts");
  });

  test("of one kind don't write the same volume beside each other", () => {
    const found = appProblems("prod", [["shop", { env: {}, worker: { replicas: 3 } }]], { shop: { ...several, volumes: { data: "/data" } } });
    assert.deepEqual(found.map(({ field, value }) => [field, value]), [["berth:apps.shop.worker.replicas", "3"], ["berth:apps.shop.workers.mail.replicas", "2"]]);
  });
});
