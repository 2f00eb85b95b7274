import assert from "node:assert/strict";
import { test } from "node:test";
import { buildProblems } from "../../../../config/checks/builds.ts";

const own = { port: 5555 };
const elsewhere = { host: "ghcr.io", owner: "acme", username: "acme" };
const fix = "pulumi config rm -s dev --path 'berth:builds'";

test("builds may be quick in a dev stack with a registry of its own, and careful anywhere", () => {
  assert.deepEqual(buildProblems("dev", { builds: "quick", environment: "dev", registry: own }), []);
  assert.deepEqual(buildProblems("prod", { builds: "careful", environment: "prod", registry: elsewhere }), []);
});

test("quick builds are refused where production runs them, or others can pull them", () => {
  assert.deepEqual(buildProblems("dev", { builds: "quick", environment: "prod", registry: own }), [
    { field: "berth:builds", value: '"quick"', allowed: '"careful" only, but where berth:environment is dev', fix },
  ]);
  assert.deepEqual(buildProblems("dev", { builds: "quick", environment: "dev", registry: elsewhere }), [
    { field: "berth:builds", value: '"quick"', allowed: '"careful" only, as others can run what is pushed to ghcr.io; "quick" is for a stack with a registry of its own (berth:registry.port)', fix },
  ]);
});
