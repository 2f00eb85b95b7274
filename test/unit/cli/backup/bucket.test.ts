import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { stringify } from "yaml";
import { type Answer, keptBy } from "../../../../cli/backup/bucket.ts";
import { bucketKeys } from "../../../../cli/backup/bucket-keys.ts";
import { signedHeaders } from "../../../../cli/backup/s3-signature.ts";
import { Project } from "../../../../cli/project.ts";
import { bucketRequirement } from "../../../../cli/setup/requirements.ts";
import { Crypter } from "../../../../pulumi/secrets.ts";

// No store is asked here: that one takes the signature is shown by AWS's own example of it.

test("a question is signed as AWS's example is", () => {
  const keys = { key: "AKIAIOSFODNN7EXAMPLE", secret: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY" };
  const { authorization } = signedHeaders(keys, { host: "examplebucket.s3.amazonaws.com", path: "/", query: "lifecycle", region: "us-east-1" }, "20130524T000000Z");
  assert.match(authorization ?? "", /Credential=AKIAIOSFODNN7EXAMPLE\/20130524\/us-east-1\/s3\/aws4_request,SignedHeaders=host;x-amz-content-sha256;x-amz-date,Signature=fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543$/);
});

test("a bucket keeps what is deleted by Object Lock or by versions; one that does neither is missing something", async () => {
  const store = (lock: Answer, versions: Answer) => keptBy((query) => Promise.resolve(query === "object-lock" ? lock : versions));
  const none = { status: 404, body: "<Error><Code>ObjectLockConfigurationNotFoundError</Code></Error>" };
  const versions = (status: string) => ({ status: 200, body: `<VersioningConfiguration>${status}</VersioningConfiguration>` });
  assert.equal(await store({ status: 200, body: "<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled></ObjectLockConfiguration>" }, none), "locked objects");
  assert.equal(await store(none, versions("<Status>Enabled</Status>")), "versions");
  assert.equal(await store(none, versions("<Status>Suspended</Status>")), undefined);
  assert.equal(await store(none, versions("")), undefined);
  await assert.rejects(store(none, { status: 403, body: "<Error><Code>AccessDenied</Code></Error>" }), /the store answers 403 AccessDenied .*: the key needs s3:GetBucketVersioning/);
  assert.deepEqual([bucketRequirement("b", "versions").state, bucketRequirement("b", undefined).state], ["ok", "missing"]);
  assert.match(bucketRequirement("b", undefined).todo ?? "", /switch on versioning or Object Lock/);
});

test("the stack's own keys are used, where the passphrase opens them; a stack without a bucket is asked nothing", async (context) => {
  const folder = mkdtempSync(join(tmpdir(), "berth-bucket-"));
  context.after(() => rmSync(folder, { recursive: true }));
  const crypter = await Crypter.create("right");
  const s3 = { bucket: "acme-backups", endpoint: "s3.example.com" };
  const config = { "berth:postgres": { backup: { target: { s3 } } }, "berth:s3Key": { secure: crypter.encrypt("key") }, "berth:s3Secret": { secure: crypter.encrypt("secret") } };
  writeFileSync(join(folder, "Pulumi.prod.yaml"), stringify({ encryptionsalt: crypter.salt, config }));
  writeFileSync(join(folder, "Pulumi.dev.yaml"), stringify({ config: { "berth:postgres": { backup: { target: "volume" } } } }));
  const project = new Project(folder);
  assert.deepEqual(project.bucket("prod"), { ...s3, region: "us-east-1", uriStyle: "host", verifyTls: true });
  assert.equal(project.bucket("dev"), undefined);
  assert.deepEqual(await bucketKeys(project, "prod", { PULUMI_CONFIG_PASSPHRASE: "right" }), { key: "key", secret: "secret" });
  assert.equal(await bucketKeys(project, "prod", { PULUMI_CONFIG_PASSPHRASE: "wrong" }), undefined);
  assert.equal(await bucketKeys(project, "prod", {}), undefined);
});
