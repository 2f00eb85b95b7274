import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { it } from "node:test";
import { Crypter } from "../../../pulumi/secrets.ts";
import { readProject, readStack } from "../../../pulumi/stackfile.ts";

const SALT = "v1:nTNXXf051b0=:v1:J6s7TpMFUkptzYx9:WuGxzeeL0HOytUHBv4qMyCZFF+q3LA==";

function folder(files: Record<string, string>): string {
  const path = mkdtempSync(join(tmpdir(), "engine-unit-"));
  for (const [name, text] of Object.entries(files)) {
    writeFileSync(join(path, name), text);
  }
  return path;
}

it("reads what the Pulumi CLI has encrypted", async () => {
  const crypter = await Crypter.open("abc", SALT);
  assert.equal(crypter.decrypt("v1:7Y/SGoEbSM10mFTY:r6rG0Y0DtoZNtxF0e8wO++h9oZGcTpNoBSdk133RXsOAyCudGv/B/g=="), "{\"replace\":{\"raw\":null}}");
});

it("reads back what it has encrypted, never the same twice", async () => {
  const crypter = await Crypter.create("pässphrase");
  const [one, two] = [crypter.encrypt("secret ☃"), crypter.encrypt("secret ☃")];
  assert.notEqual(one, two);
  const again = await Crypter.open("pässphrase", crypter.salt);
  assert.equal(again.decrypt(one), "secret ☃");
  assert.equal(again.decrypt(two), "secret ☃");
});

it("refuses a wrong passphrase, a malformed salt and foreign ciphertexts", async () => {
  await assert.rejects(Crypter.open("wrong", SALT), /incorrect passphrase/);
  await assert.rejects(Crypter.open("abc", "v2:x"), /malformed/);
  const crypter = await Crypter.open("abc", SALT);
  const other = await Crypter.create("abc");
  assert.throws(() => crypter.decrypt(other.encrypt("x")), /cannot decrypt/);
  assert.throws(() => crypter.decrypt("nonsense"), /cannot decrypt/);
});

it("decrypts secrets anywhere in a stack file, hands objects over in the order of their keys, and names the keys of secrets", async () => {
  const crypter = await Crypter.open("abc", SALT);
  const dir = folder({
    "Pulumi.dev.yaml": `encryptionsalt: ${SALT}\nconfig:\n  p:plain: one\n  short: 2\n  p:secret:\n    secure: ${crypter.encrypt("hidden")}\n  p:deep:\n    list:\n      - name: a\n        key:\n          secure: ${crypter.encrypt("deeper")}\n`,
  });
  const config = await readStack(join(dir, "Pulumi.dev.yaml"), "p", "abc", true);
  assert.deepEqual(config.values, { "p:plain": "one", "p:short": "2", "p:secret": "hidden", "p:deep": '{"list":[{"key":"deeper","name":"a"}]}' });
  assert.deepEqual(config.secretKeys, ["p:secret", "p:deep"]);
  rmSync(dir, { recursive: true });
});

it("adds the salt to a stack file that has none, and leaves the file alone in a preview", async () => {
  const dir = folder({ "Pulumi.dev.yaml": "# a comment\nconfig:\n  p:a: b" });
  const path = join(dir, "Pulumi.dev.yaml");
  await readStack(path, "p", "abc", false);
  assert.equal(readFileSync(path, "utf8"), "# a comment\nconfig:\n  p:a: b");
  const { crypter } = await readStack(path, "p", "abc", true);
  assert.equal(readFileSync(path, "utf8"), `# a comment\nconfig:\n  p:a: b\nencryptionsalt: ${crypter.salt}\n`);
  rmSync(dir, { recursive: true });
});

it("refuses other secrets providers and other runtimes by name", async () => {
  const dir = folder({ "Pulumi.dev.yaml": "secretsprovider: awskms://x\n", "Pulumi.yaml": "name: p\nruntime: python\n" });
  await assert.rejects(readStack(join(dir, "Pulumi.dev.yaml"), "p", "abc", true), /awskms/);
  assert.throws(() => readProject(dir), /runtime: nodejs/);
  assert.throws(() => readProject(join(dir, "none")), /not found/);
  rmSync(dir, { recursive: true });
});
