import assert from "node:assert/strict";
import { test } from "node:test";
import type { AppDefinition } from "../../../../components/index.ts";
import { checkConfig } from "../../../../config/config.ts";
import { rawConfig } from "../raw-config.ts";

const shop: AppDefinition = { context: "/apps/shop", buildSecrets: { npm: "token of the registry" }, web: { port: 80, health: { path: "/" } } };
const image = `ghcr.io/acme/shop:1@sha256:${"a".repeat(64)}`;
const check = (values: Record<string, unknown>, secrets: Record<string, string> = {}) => checkConfig(rawConfig({ values: { "berth:secrets": "generate", ...values }, secrets }), { shop });

test("a secret of a build has to be set where its image is built, and reaches the build alone", () => {
  const missing = check({ "berth:apps": { shop: {} } });
  assert.deepEqual(missing.problems.map(({ field, value }) => [field, value]), [["shop:npm", "nothing"]], "none is generated");
  const set = check({ "berth:apps": { shop: {} } }, { "shop:npm": "canary" });
  assert.deepEqual(set.problems, []);
  const [app] = set.config?.apps ?? [];
  assert.deepEqual([Object.keys(app?.buildSecrets ?? {}), Object.keys(app?.secrets ?? {})], [["npm"], []]);
  assert.deepEqual(check({ "berth:apps": { shop: { image } } }).problems, [], "of an image that was built before");
});
