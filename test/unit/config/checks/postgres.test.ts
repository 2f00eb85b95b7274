import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import type { AppDefinition } from "../../../../components/index.ts";
import { renderPostgresConf } from "../../../../components/postgres/postgres-config.ts";
import { postgresProblems } from "../../../../config/checks/postgres.ts";
import { bytesOf, notAllowed } from "../../../../config/checks/postgres-value.ts";
import known from "../../../../config/settings/postgres-settings.json" with { type: "json" };
import type { AppSettings, Settings } from "../../../../config/settings.ts";

const usual = { memory: "512MiB", cpus: 1, connections: 100, temporaryFiles: "1GiB" } satisfies Settings["postgres"];
const problems = (given: Partial<Settings["postgres"]>, apps: Record<string, Partial<AppSettings>> = {}, definitions: Record<string, AppDefinition> = {}) =>
  postgresProblems("prod", Object.entries(apps).map(([name, app]) => [name, { env: {}, ...app }]), definitions, { postgres: { ...usual, ...given } });
const told = (found: ReturnType<typeof problems>) => found.map(({ field, allowed }) => [field.replace("berth:postgres.", ""), allowed]);

describe("settings of Postgres", () => {
  test("that it takes are no problem, as numbers, words, booleans and with units", () => {
    assert.deepEqual(problems({ settings: { work_mem: "16MB", random_page_cost: 1.1, log_lock_waits: true, jit: "off", wal_compression: true, synchronous_commit: "off", statement_timeout: "5min", autovacuum_naptime: 30, deadlock_timeout: "500ms" } }), []);
  });

  test("that are Berth's, that there are not, or with a value that can't be, are told with what is allowed", () => {
    const settings = { shared_buffers: "1GB", archive_mode: "off", fsync: false, wrok_mem: "16MB", work_mem: "16 bananas", jit: "maybe", random_page_cost: -1, wal_compression: "zip", max_parallel_workers: 1.5, checkpoint_timeout: "5s" };
    assert.deepEqual(told(problems({ settings })), [
      ["settings.shared_buffers", "nothing: Berth sets it itself, of berth:postgres.memory, connections and backup where it depends on one"],
      ["settings.archive_mode", "nothing: Berth sets it itself, of berth:postgres.memory, connections and backup where it depends on one"],
      ["settings.fsync", "a setting of docs/configuration.md#settings-of-postgres, for example work_mem"],
      ["settings.wrok_mem", "a setting of docs/configuration.md#settings-of-postgres, for example work_mem"],
      ["settings.work_mem", "a number from 64 to 2147483647, in units of kB, or with a unit, for example 16MB"],
      ["settings.jit", "on or off"],
      ["settings.random_page_cost", "a number from 0"],
      ["settings.wal_compression", "one of pglz, lz4, zstd, on, off"],
      ["settings.max_parallel_workers", "a whole number from 0 to 1024"],
      ["settings.checkpoint_timeout", "a number from 30 to 86400, in units of s, or with a unit, for example 30s"],
    ]);
    const [problem] = problems({ settings: { shared_buffers: "1GB" } });
    assert.deepEqual([problem?.value, problem?.fix], ['"1GB"', "pulumi config rm -s prod --path 'berth:postgres.settings.shared_buffers'"]);
  });

  test("that take memory take no more than a quarter of it at a time", () => {
    assert.deepEqual(problems({ settings: { work_mem: "128MB", temp_buffers: 16_384 } }), []);
    const [problem] = problems({ settings: { work_mem: "129MB" } });
    assert.deepEqual([problem?.allowed, problem?.fix], ["at most 128MB, a quarter of berth:postgres.memory", "pulumi config set -s prod --path 'berth:postgres.settings.work_mem' 128MB, or raise berth:postgres.memory"]);
    assert.equal(problems({ settings: { temp_buffers: 16_385 } }).length, 1, "in pages of 8 kB");
    assert.deepEqual(problems({ settings: { wal_buffers: -1 } }), []);
  });

  test("are written before Berth's own, which win, with text in quotes", () => {
    const text = renderPostgresConf({ memory: 512, connections: 100, settings: { work_mem: "16MB", jit: false, random_page_cost: 1.1, default_x: "it's" } });
    assert.match(text, /^work_mem = '16MB'\njit = off\nrandom_page_cost = 1\.1\ndefault_x = 'it''s'\nlisten_addresses = /);
    assert.equal(renderPostgresConf({ memory: 512, connections: 100, settings: {} }), renderPostgresConf({ memory: 512, connections: 100 }));
    for (const name of Object.keys(known)) assert.doesNotMatch(renderPostgresConf({ memory: 512, connections: 100, archive: true }), new RegExp(`^${name} =`, "m"));
  });

  test("are all in the manual, and no other", () => {
    const manual = readFileSync(join(import.meta.dirname, "../../../../docs/configuration.md"), "utf8");
    const [section = ""] = /^`\w+`(, ?\n?`\w+`|,\n`\w+`)+\.$/m.exec(manual) ?? [];
    assert.deepEqual([...section.matchAll(/`(\w+)`/g)].map(([, name]) => name), Object.keys(known).toSorted());
  });

  test("are compared in one unit, whichever they are written in", () => {
    const rule = { type: "integer", unit: "8kB", min: 100, max: 1000 } as const;
    assert.deepEqual(["800kB", "8MB", 100, "99", "7.9MB", "9MB", "100s"].map((value) => notAllowed(rule, value) === undefined), [true, false, true, false, false, false, false]);
    assert.deepEqual([bytesOf(rule, "1MB"), bytesOf(rule, 128), bytesOf({ type: "integer", unit: "ms", min: 0 }, 5)], [1024 ** 2, 1024 ** 2, undefined]);
  });
});

describe("connections", () => {
  test("are as many as the memory holds beside the shared buffers", () => {
    assert.deepEqual(problems({ connections: 256 }), []);
    assert.deepEqual(problems({ connections: 257 }), [
      {
        field: "berth:postgres.connections",
        value: "257",
        allowed: "at most 256: berth:postgres.memory is 512MiB, of which a quarter are shared buffers, and each connection takes 1.5 MiB or more",
        fix: "pulumi config set -s prod --path 'berth:postgres.connections' 256, or pulumi config set -s prod --path 'berth:postgres.memory' 514MiB",
      },
    ]);
    assert.deepEqual(problems({ memory: "514MiB", connections: 257 }), [], "and the fix is one");
  });

  const health = ["shop", "well"];
  const shop: AppDefinition = { context: "/apps/shop", database: true, pool: 10, web: { port: 1, health: { path: "/" } }, workers: { mail: { health, replicas: 2 } } };

  test("of an application are at least those of its containers' pools", () => {
    assert.deepEqual(problems({}, { shop: { replicas: 2 } }, { shop }), []);
    assert.deepEqual(problems({}, { shop: { replicas: 3 } }, { shop }), [
      { field: "berth:apps.shop.connections", value: "47, half of what berth:postgres.connections leaves", allowed: "at least 50: 5 containers with a pool of 10 each, by its app.ts", fix: "pulumi config set -s prod --path 'berth:apps.shop.connections' 50, or fewer replicas" },
    ]);
    assert.deepEqual(problems({}, { shop: { replicas: 3, connections: 50 } }, { shop }), []);
    assert.deepEqual(problems({}, { shop: { replicas: 30 } }, { shop: { context: "/apps/shop", database: true, web: shop.web ?? assert.fail() } }), [], "of one that does not say it nothing is known");
  });

  test("of the server are at least those of all applications' pools, and of what is kept", () => {
    const found = problems({}, { shop: { replicas: 2 }, cart: { replicas: 2 }, till: { replicas: 1 } }, { shop, cart: shop, till: shop });
    assert.deepEqual(found, [
      { field: "berth:postgres.connections", value: "100", allowed: "at least 116: the pools of the applications take 110 (shop 4 × 10, cart 4 × 10, till 3 × 10), and 6 are kept for the superuser and the monitoring", fix: "pulumi config set -s prod --path 'berth:postgres.connections' 116" },
    ]);
  });
});
