import assert from "node:assert/strict";
import { test } from "node:test";
import type { AppDefinition } from "../../../../components/index.ts";
import { hostProblems } from "../../../../config/checks/hosts.ts";

const problemsOf = (more: object, web?: AppDefinition["web"]) => hostProblems("prod", [["shop", { env: {}, folder: "trade/shop", ...more }]], { shop: { context: "/apps/shop", ...(web && { web }) } });

test("names for an application that takes no requests are refused, field by field", () => {
  const problems = problemsOf({ hosts: ["a.example"], redirects: ["b.example"], paths: [{ host: "c.example", path: "/c" }], ports: { admin: "d.example" } });
  assert.deepEqual(problems.map(({ field }) => field), ["hosts", "redirects", "paths", "ports"].map((field) => `berth:apps.shop.${field}`));
  assert.deepEqual([problems[0]?.value, problems[0]?.fix], ['["a.example"]', "pulumi config rm -s prod --path 'berth:apps.shop.hosts'"]);
  assert.match(problems[0]?.allowed ?? "", /apps\/trade\/shop\/app\.ts has no `web`/);
  assert.deepEqual(problemsOf({}), []);
});

test("a host name for a port is taken where app.ts names the port, and else the ones that it names are told", () => {
  const web = { port: 1, health: { path: "/" }, ports: { admin: 2, debug: 3 } };
  assert.deepEqual(problemsOf({ hosts: ["a.example"], ports: { admin: "b.example" } }, web), []);
  assert.deepEqual(problemsOf({ ports: { amin: "b.example" } }, web).map(({ field, allowed }) => [field, allowed.replace(/^.*: /, "")]), [["berth:apps.shop.ports.amin", "admin, debug"]]);
});
