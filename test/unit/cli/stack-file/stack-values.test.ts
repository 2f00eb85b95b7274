import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { stringify } from "yaml";
import { backupProblems } from "../../../../config/checks/backup.ts";
import { stackValues } from "../../../../cli/stack-file/stack-values.ts";
import { secretFields } from "../../../../config/settings.ts";

test("values that are encrypted stand for themselves in a form that every check accepts", () => {
  const folder = mkdtempSync(join(tmpdir(), "berth-values-"));
  try {
    writeFileSync(join(folder, "Pulumi.yaml"), "name: berth\nruntime: nodejs\n");
    const secrets = Object.fromEntries(Object.keys(secretFields).map((name) => [`berth:${name}`, { secure: "v1:abc" }]));
    writeFileSync(join(folder, "Pulumi.prod.yaml"), stringify({ config: { "berth:domain": "example.com", "berth:apps": { shop: {} }, plain: 1, ...secrets } }));
    const { values, secretKeys } = stackValues(folder, "prod");
    assert.deepEqual(secretKeys, Object.keys(secrets));
    assert.deepEqual([values["berth:domain"], values["berth:apps"], values["berth:plain"]], ["example.com", '{"shop":{}}', "1"]);
    assert.doesNotMatch(JSON.stringify(values), /v1:abc/);
    assert.deepEqual(backupProblems({ stack: "prod", values, isSecret: (key) => secretKeys.includes(key), environment: {} }), []);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
