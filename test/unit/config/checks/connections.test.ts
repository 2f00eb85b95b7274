import assert from "node:assert/strict";
import { test } from "node:test";
import type { AppDefinition } from "../../../../components/index.ts";
import { connectionProblems } from "../../../../config/checks/connections.ts";
import type { AppSettings, Settings } from "../../../../config/settings.ts";

const definitions: Record<string, AppDefinition> = { shop: { context: "/apps/shop", database: true }, page: { context: "/apps/page" } };
const postgres = { memory: "512MiB", cpus: 1, connections: 50, temporaryFiles: "1GiB" } satisfies Settings["postgres"];
const problemsOf = (name: string, connections?: number) => connectionProblems("prod", [[name, { env: {}, ...(connections !== undefined && { connections }) } satisfies AppSettings]], definitions, { postgres });

test("an application may have all connections but those of the superuser and the monitoring", () => {
  assert.deepEqual([problemsOf("shop"), problemsOf("shop", 44)], [[], []]);
  assert.deepEqual(problemsOf("shop", 45), [
    {
      field: "berth:apps.shop.connections",
      value: "45",
      allowed: "at most 44: berth:postgres.connections is 50, of which 6 are kept for the superuser and the monitoring",
      fix: "pulumi config set -s prod --path 'berth:apps.shop.connections' 44, or raise berth:postgres.connections",
    },
  ]);
});

test("connections of an application without a database are refused", () => {
  assert.deepEqual(problemsOf("page", 5).map(({ allowed, fix }) => [allowed, fix]), [["nothing where the application has no database", "pulumi config rm -s prod --path 'berth:apps.page.connections'"]]);
});
