import assert from "node:assert/strict";
import { test } from "node:test";
import { parse } from "yaml";
import { Crypter } from "../../../../pulumi/secrets.ts";
import { withoutKeys, withSecrets } from "../../../../cli/stack-file/secure-values.ts";

const stackFile = "# the dev stack\nconfig:\n  berth:secrets: require # all of them\n";

test("a secret is written encrypted, beside what the stack file has, comments included", async () => {
  const text = await withSecrets(stackFile, { "root:ROOT_SECRET": "very-secret-value" }, "passphrase");
  assert.ok(!text.includes("very-secret-value"));
  assert.ok(text.startsWith("# the dev stack\n") && text.includes("# all of them"));
  const file = parse(text) as { encryptionsalt: string; config: Record<string, unknown> };
  assert.equal(file.config["berth:secrets"], "require");
  const crypter = await Crypter.open("passphrase", file.encryptionsalt);
  assert.equal(crypter.decrypt((file.config["root:ROOT_SECRET"] as { secure: string }).secure), "very-secret-value");
});

test("a second secret keeps the salt and the first; another passphrase is refused", async () => {
  const one = await withSecrets(stackFile, { "root:ONE": "first" }, "passphrase");
  const two = await withSecrets(one, { "root:TWO": "second" }, "passphrase");
  const [before, after] = [one, two].map((text) => parse(text) as { encryptionsalt: string; config: Record<string, unknown> });
  assert.equal(after?.encryptionsalt, before?.encryptionsalt);
  assert.deepEqual(after?.config["root:ONE"], before?.config["root:ONE"]);
  await assert.rejects(withSecrets(two, { "root:ONE": "other" }, "wrong"), /incorrect passphrase/);
});

test("a salt that was kept beside the stack file is used", async () => {
  const { salt } = await Crypter.create("passphrase");
  const file = parse(await withSecrets(stackFile, { "root:ONE": "first" }, "passphrase", salt)) as { encryptionsalt: string };
  assert.equal(file.encryptionsalt, salt);
});

test("a secret that is unset goes, and every comment stays: what stood above it stands above the next", () => {
  const file = [
    "config:",
    "  berth:secrets: require # all",
    "  # of root",
    "  root:ONE:",
    "    secure: v1:one",
    "  root:TWO:",
    "    secure: v1:two # until June",
    "",
    "  # the last one",
    "  root:THREE:",
    "    secure: v1:three",
    "encryptionsalt: v1:salt",
    "",
  ].join("\n");
  const left = withoutKeys(file, ["root:ONE", "root:NONE"]);
  assert.equal(left, file.replace("  root:ONE:\n    secure: v1:one\n", ""));
  const last = withoutKeys(left, ["root:THREE"]);
  assert.deepEqual((parse(last) as { config: object }).config, { "berth:secrets": "require", "root:TWO": { secure: "v1:two" } });
  for (const comment of ["# all", "# of root", "# until June", "# the last one"]) assert.ok(last.includes(comment), last);
  assert.deepEqual([withoutKeys("config: {}\n", ["root:ONE"]), withoutKeys("", ["root:ONE"])], ["config: {}\n", ""]);
});
