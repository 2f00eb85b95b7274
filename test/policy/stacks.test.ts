import assert from "node:assert/strict";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { checkProgram } from "../../cli/policy/check.ts";
import { stackValues } from "../../cli/stack-file/stack-values.ts";
import type { Finding } from "../../policy/rule.ts";
import { canariesOf } from "../components/stack-program.ts";

const folder = join(import.meta.dirname, "../..");

/** What the policy has against a stack file of the repository, with the secrets that it lacks. Shows what the program asks for, not what a provider makes of it. */
async function findings(stack: string, more: Record<string, unknown> = {}, secret: Record<string, string> = {}): Promise<Finding[]> {
  const { values } = stackValues(folder, stack);
  const secrets = { ...(await canariesOf(stack)), ...secret };
  const changed = Object.fromEntries(Object.entries(more).map(([key, value]) => [key, typeof value === "string" ? value : JSON.stringify(value)]));
  const given = { values: { ...values, ...changed, ...secrets }, secretKeys: Object.keys(secrets) };
  return (await checkProgram({ folder, stack, ...given, cache: join(tmpdir(), "berth-test-policy") })).findings;
}

test("dev has no finding at all", async () => {
  assert.deepEqual(await findings("dev"), []);
});

test("prod has no mandatory finding, and as advisory only the platform images that no digest was asked for yet", async () => {
  const found = await findings("prod");
  assert.deepEqual(found.filter(({ level }) => level === "mandatory"), []);
  assert.deepEqual([...new Set(found.map(({ rule }) => rule))], ["image-locked"]);
});

test("in prod Berth's own images by digest are of the stack's registry, and of no other", async () => {
  const images = (account: string) => ({ tools: `ghcr.io/${account}/berth-tools@sha256:${"a".repeat(64)}`, postgresBackup: `ghcr.io/${account}/berth-postgres@sha256:${"b".repeat(64)}` });
  assert.deepEqual((await findings("prod", { "berth:images": images("acme") })).filter(({ rule }) => rule !== "image-locked"), []);
  const refused = (await findings("prod", { "berth:images": images("evil") })).filter(({ level }) => level === "mandatory");
  assert.deepEqual([...new Set(refused.map(({ rule }) => rule))], ["image-source"]);
  for (const resource of ["RemoteImage tools-image-pulled", "RemoteImage postgres-backup-image-pulled", "Container postgres"]) assert.ok(refused.some((finding) => finding.resource === resource), resource);
});

test("with one platform image pinned, the others must be", async () => {
  const found = await findings("prod", { "berth:images": { redis: `redis:8.0@sha256:${"a".repeat(64)}` } });
  assert.ok(found.length > 5);
  for (const { level, rule, resource } of found) {
    assert.deepEqual([level, rule], ["mandatory", "image-locked"]);
    assert.notEqual(resource, "RemoteImage images-redis");
  }
});

test("with every option that adds a part, prod has no mandatory finding", async () => {
  const options = {
    "berth:monitoring": { host: "prometheus.example.com", grafana: { host: "grafana.example.com" }, alerts: { webhook: true } },
    "berth:logs": { driver: "syslog", address: "udp://logs.example.com:514" },
  };
  const found = await findings("prod", options, { "berth:alertWebhook": "https://alerts.example.com/hook" });
  assert.deepEqual(found.filter(({ level }) => level === "mandatory"), []);
});

test("nor has dev a finding with its logs in Loki, or with its applications as services of a swarm", async () => {
  assert.deepEqual(await findings("dev", { "berth:logs": { driver: "loki" } }), []);
  const swarm = { "berth:runtime": "swarm", "berth:builds": "careful", "berth:registry": { owner: "acme", username: "acme" } };
  assert.deepEqual(await findings("dev", swarm, { "berth:registryPassword": "canary" }), []);
});

test("a program that fails is told as it fails, and nothing passes for checked", async () => {
  await assert.rejects(findings("dev", { "berth:apps": { root: { replicas: 0 } } }), /berth:apps\.root\.replicas in stack "dev" is 0/);
});
