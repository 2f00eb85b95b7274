import assert from "node:assert/strict";
import { test } from "node:test";
import { parse } from "yaml";
import { Crypter } from "../../../../pulumi/secrets.ts";
import { withSecret } from "../../../../cli/stack-file/secret.ts";

const stackFile = "# the dev stack\nconfig:\n  berth:secrets: require # all of them\n";

test("a secret is written encrypted, beside what the stack file has, comments included", async () => {
  const text = await withSecret(stackFile, "root:ROOT_SECRET", "very-secret-value", "passphrase");
  assert.ok(!text.includes("very-secret-value"));
  assert.ok(text.startsWith("# the dev stack\n") && text.includes("# all of them"));
  const file = parse(text) as { encryptionsalt: string; config: Record<string, unknown> };
  assert.equal(file.config["berth:secrets"], "require");
  const crypter = await Crypter.open("passphrase", file.encryptionsalt);
  assert.equal(crypter.decrypt((file.config["root:ROOT_SECRET"] as { secure: string }).secure), "very-secret-value");
});

test("a second secret keeps the salt and the first; another passphrase is refused", async () => {
  const one = await withSecret(stackFile, "root:ONE", "first", "passphrase");
  const two = await withSecret(one, "root:TWO", "second", "passphrase");
  const [before, after] = [one, two].map((text) => parse(text) as { encryptionsalt: string; config: Record<string, unknown> });
  assert.equal(after?.encryptionsalt, before?.encryptionsalt);
  assert.deepEqual(after?.config["root:ONE"], before?.config["root:ONE"]);
  await assert.rejects(withSecret(two, "root:ONE", "other", "wrong"), /incorrect passphrase/);
});

test("a salt that was kept beside the stack file is used", async () => {
  const { salt } = await Crypter.create("passphrase");
  const file = parse(await withSecret(stackFile, "root:ONE", "first", "passphrase", salt)) as { encryptionsalt: string };
  assert.equal(file.encryptionsalt, salt);
});
