import assert from "node:assert/strict";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { Ledger } from "../../../engine/ledger.ts";
import { resourceType } from "../../../engine/providers.ts";
import { recordedOutputs } from "../../../engine/record.ts";
import { completeRecords } from "../../../engine/recovery.ts";
import { Crypter } from "../../../pulumi/secrets.ts";
import { StateFile, type Resource } from "../../../pulumi/state.ts";
import { isSecret, type Props } from "../../../pulumi/values.ts";

// As the Pulumi CLI 3.260 with pulumi-random 4.21 and pulumi-docker 5.2 records them.
const recordedByCli: [type: string, meta: string | undefined][] = [
  ["random:index/randomPassword:RandomPassword", '{"schema_version":"3"}'],
  ["random:index/randomString:RandomString", '{"schema_version":"2"}'],
  ["random:index/randomId:RandomId", undefined],
  ["docker:index/network:Network", '{"schema_version":"1"}'],
  ["docker:index/volume:Volume", '{"schema_version":"1"}'],
];

function record(type: string, outputs: Props): Resource {
  return { urn: `urn:pulumi:dev::p::${type}::a`, custom: true, type, id: "a", inputs: {}, outputs };
}

test("a record has the schema version that the CLI's provider would have written", async () => {
  for (const [type, meta] of recordedByCli) assert.equal(recordedOutputs(resourceType(type, "a"), {}, record(type, {}))["__meta"], meta, type);
  const password = resourceType("random:index/randomPassword:RandomPassword", "a");
  const context = { urn: "a", name: "a", provider: {}, signal: AbortSignal.any([]), note: () => undefined };
  const made = await password.create(context, { length: 12 });
  const outputs = recordedOutputs(password, made.outputs, record("x", {}));
  assert.equal(outputs["id"], "none");
  assert.ok(isSecret(outputs["result"]) && isSecret(outputs["bcryptHash"]));
});

test("a record that an older version wrote without it gets it, and no other is touched", async () => {
  const file = new StateFile(join(tmpdir(), "never-written.json"), await Crypter.create("x"), true);
  const newer = { result: "r", __meta: '{"schema_version":"4"}' };
  file.resources = [...recordedByCli.map(([type]) => record(type, { result: "r" })), record("random:index/randomPassword:RandomPassword", newer), record("docker:index/service:Service", { name: "s" })];
  const ledger = new Ledger(file);
  completeRecords(ledger);
  const all = ledger.all().map(({ outputs }) => outputs);
  assert.deepEqual(all.slice(0, recordedByCli.length).map((outputs) => outputs?.["__meta"]), recordedByCli.map(([, meta]) => meta));
  assert.deepEqual(all.slice(recordedByCli.length), [newer, { name: "s" }]);
});
