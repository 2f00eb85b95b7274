import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, test } from "node:test";
import { parse } from "yaml";
import { sorted } from "../../../../cli/stack-file/secret-import.ts";
import { listed } from "../../../../cli/stack-file/secret-list.ts";
import { wantedSecrets } from "../../../../config/checks/secrets.ts";
import { Crypter } from "../../../../pulumi/secrets.ts";
import { programCopy } from "../program-copy.ts";

const { folder, main, environment } = programCopy("secrets");
mkdirSync(join(folder, "apps/shop"), { recursive: true });
writeFileSync(join(folder, "apps/shop/app.ts"), 'export default { context: import.meta.dirname, secrets: { API_KEY: "key of the bank", SENTRY_DSN: { purpose: "address of errors", optional: true } } };\n');
const stackFile = join(folder, "Pulumi.prod.yaml");
const before = "# prod\nconfig:\n  berth:environment: prod\n  berth:secrets: require # all\n  berth:apps: { shop: {} }\n";
beforeEach(() => writeFileSync(stackFile, before));

function secret(words: string[], input = "", more: NodeJS.ProcessEnv = {}) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, "secret", ...words, "-s", "prod"], { input, encoding: "utf8", cwd: folder, env: { ...environment, ...more } });
  return { code: status, stdout, stderr };
}

async function values(): Promise<Record<string, string>> {
  const { config, encryptionsalt } = parse(readFileSync(stackFile, "utf8")) as { config: Record<string, { secure?: string }>; encryptionsalt: string };
  const crypter = await Crypter.open("test", encryptionsalt);
  return Object.fromEntries(Object.entries(config).flatMap(([key, { secure }]) => (secure === undefined ? [] : [[key, crypter.decrypt(secure)]])));
}

const canaries = ["canary-one-5f2d", "canary two = '5f2d' #", "canary-three"];
const dotenv = [`API_KEY=${canaries[0]} # of the bank`, `export SENTRY_DSN="${canaries[1]}"`, `PORT=${canaries[2]}`, "EMPTY=", ""].join("\n");

describe("secret import", () => {
  for (const [how, words, input] of [["a file", ["import", "shop", ".env"], ""], ["standard input", ["import", "shop"], dotenv]] as const) {
    test(`takes what the application names as a secret from ${how}, encrypts each, says what it did not take, and shows no value`, async () => {
      writeFileSync(join(folder, ".env"), dotenv);
      const { code, stdout, stderr } = secret([...words], input);
      assert.equal(code, 0, stderr);
      assert.match(stdout, /^shop:API_KEY, shop:SENTRY_DSN are set in Pulumi\.prod\.yaml, encrypted with .*; apply by \.\/berth up -s prod\n$/);
      assert.match(stderr, /not taken, as the app\.ts of shop names no such secret: EMPTY, PORT\. A setting that is no secret belongs under berth:apps\.shop\.env/);
      assert.deepEqual(await values(), { "shop:API_KEY": canaries[0], "shop:SENTRY_DSN": canaries[1] });
      const text = readFileSync(stackFile, "utf8");
      assert.ok(text.startsWith("# prod\n") && text.includes("require # all"), text);
      for (const canary of canaries) assert.ok(![text, stdout, stderr].some((shown) => shown.includes(canary)));
    });
  }

  test("of nothing that is known, of an unknown application or of a file that is not there changes nothing, and says why", () => {
    const refused: [words: string[], input: string, code: number, said: RegExp][] = [
      [["import", "shop"], "PORT=1\nAPI_KEY=\n", 1, /nothing was imported into Pulumi\.prod\.yaml[^]*no such secret: PORT\.[^]*as they are empty: API_KEY/],
      [["import", "shpo"], dotenv, 2, /"shpo" is no application of stack "prod": did you mean shop\?/],
      [["import"], dotenv, 2, /whose secrets\? \.\/berth secret import <app> \[file\]; stack "prod" has berth, shop/],
      [["import", "shop", "no.env"], "", 2, /no\.env can't be read: ENOENT/],
    ];
    for (const [words, input, code, said] of refused) {
      const run = secret(words, input);
      assert.equal(run.code, code, run.stderr);
      assert.match(run.stderr, said);
      assert.equal(readFileSync(stackFile, "utf8"), before);
    }
  });

  test("of berth takes the platform's", () => {
    assert.deepEqual(sorted("berth", "backupKey=a\nbackupkey=b\nAPI_KEY=c", ["berth:backupKey", "shop:API_KEY"]), { values: { "berth:backupKey": "a" }, unknown: ["API_KEY", "backupkey"], empty: [] });
  });
});

describe("secret list", () => {
  test("has names and where each is set or missing, and no value", async () => {
    assert.equal(secret(["import", "shop"], dotenv).code, 0);
    writeFileSync(stackFile, readFileSync(stackFile, "utf8").replace("config:\n", "config:\n  shop:OLD:\n    secure: v1:x:y\n  berth:postgres: { backup: { target: volume } }\n"));
    const { code, stdout } = secret(["list"]);
    assert.equal(code, 0);
    assert.match(stdout, /^SECRET +STATE +FOR\nberth:backupKey +missing +Passphrase .*\nshop:API_KEY +in Pulumi\.prod\.yaml +key of the bank\nshop:SENTRY_DSN +in Pulumi\.prod\.yaml +address of errors\nshop:OLD +set, and nothing reads it +-\n$/);
    const { secrets } = JSON.parse(secret(["list", "--json"]).stdout) as { secrets: { key: string; state: string }[] };
    assert.deepEqual(secrets.map(({ key, state }) => [key, state]), [["berth:backupKey", "missing"], ["shop:API_KEY", "set"], ["shop:SENTRY_DSN", "set"], ["shop:OLD", "set, and nothing reads it"]]);
    for (const canary of canaries) assert.ok(!stdout.includes(canary));
  });

  test("says of one that is not set whether it is generated, optional, missing, or in the environment", () => {
    const definition = { context: "", secrets: { ONE: "one", TWO: { purpose: "two", optional: true } } } as const;
    const registry = { host: "ghcr.io", owner: "acme", username: "bot" } as const;
    const states = (settings: Parameters<typeof wantedSecrets>[0], environment = {}) => listed(wantedSecrets(settings, { shop: definition }, environment), {}).map(({ key, state }) => `${key} ${state}`);
    assert.deepEqual(states({ secrets: "generate" }), ["shop:ONE generated", "shop:TWO not set"]);
    assert.deepEqual(states({ secrets: "require", registry }), ["shop:ONE missing", "berth:registryPassword missing", "shop:TWO not set"]);
    assert.deepEqual(states({ secrets: "generate", registry }, { BERTH_REGISTRY_PASSWORD: "x" }), ["shop:ONE generated", "shop:TWO not set", "berth:registryPassword in the environment"]);
    const built = { context: "", buildSecrets: { npm: "the registry" } };
    assert.deepEqual(wantedSecrets({ secrets: "generate" }, { shop: built }, {}).filter(({ key }) => key === "shop:npm"), [{ key: "shop:npm", purpose: "the registry", need: "required" }], "none is made up for a build");
    assert.deepEqual(listed(wantedSecrets({}, { shop: definition }, {}), { "shop:ONE": "open" }).at(0), { key: "shop:ONE", state: "plain text", purpose: "one" });
  });
});

describe("secret unset", () => {
  test("takes secrets out of the stack file, keeps its comments, and says what follows", async () => {
    assert.equal(secret(["import", "shop"], dotenv).code, 0);
    const { code, stdout } = secret(["unset", "shop:API_KEY", "shop:SENTRY_DSN"]);
    assert.equal(code, 0);
    assert.match(stdout, /^shop:API_KEY is taken out of Pulumi\.prod\.yaml; the stack needs it, so up is refused until \.\/berth secret shop:API_KEY -s prod\nshop:SENTRY_DSN is taken out .*; gone from what runs with the next \.\/berth up -s prod\n$/);
    assert.deepEqual(await values(), {});
    assert.match(readFileSync(stackFile, "utf8"), /^# prod\n[^]*require # all/);
  });

  test("of a key that is not there changes nothing, and names those that are", () => {
    assert.equal(secret(["import", "shop"], dotenv).code, 0);
    const file = readFileSync(stackFile, "utf8");
    for (const [words, said] of [[["shop:API_KEY", "shop:SENTRY_DNS"], /has no secret shop:SENTRY_DNS: did you mean shop:SENTRY_DSN\? Nothing was changed\./], [["berth:environment"], /has no secret berth:environment: it has shop:API_KEY, shop:SENTRY_DSN/], [[], /needs a key; Pulumi\.prod\.yaml has shop:API_KEY, shop:SENTRY_DSN/]] as const) {
      const { code, stderr } = secret(["unset", ...words]);
      assert.equal(code, 2);
      assert.match(stderr, said);
      assert.equal(readFileSync(stackFile, "utf8"), file);
    }
  });
});

test("a value as an argument is refused, and not repeated", () => {
  const { code, stdout, stderr } = secret(["shop:API_KEY", "canary-one"]);
  assert.equal(code, 2);
  assert.match(stderr, /takes one key and no value/);
  assert.doesNotMatch(stdout + stderr, /canary/);
  const action = secret(["lst"]);
  assert.match(action.stderr, /"lst" is neither: did you mean \.\/berth secret list\?/);
});
