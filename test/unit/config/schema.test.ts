import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { Ajv } from "ajv";
import { parse } from "yaml";
import { schemaText, stackSchema, staleness } from "../../../dev/schema.ts";
import { fields } from "../../../config/settings.ts";

const root = join(import.meta.dirname, "../../..");
const read = (name: string) => readFileSync(join(root, name), "utf8");
const validate = new Ajv({ strict: true, strictTypes: false }).compile(stackSchema());

function accepts(file: unknown): void {
  assert.ok(validate(file), JSON.stringify(validate.errors));
}

/** Whether the schema refuses a stack file with this configuration. */
function refuses(config: object): boolean {
  return !validate({ config });
}

describe("the schema of stack files", () => {
  test("is the one in stack.schema.json", () => assert.equal(staleness(read("config/stack.schema.json")), undefined));

  test("says what to type when the file is missing or old", () => {
    assert.match(staleness(undefined) ?? "", /missing.*npm run schema/);
    assert.match(staleness(schemaText().replace("localhost", "elsewhere")) ?? "", /older.*npm run schema/);
  });

  for (const stack of ["dev", "prod", "ci"]) {
    test(`accepts Pulumi.${stack}.yaml, which names it for editors`, () => {
      const text = read(`Pulumi.${stack}.yaml`);
      accepts(parse(text));
      assert.match(text, /^# yaml-language-server: \$schema=\.\/config\/stack\.schema\.json\n/);
    });
  }

  test("has every setting with its default, and a description for each one at the top that says what it is for", () => {
    const { properties } = (stackSchema() as { properties: { config: { properties: Record<string, { default?: unknown }> } } }).properties.config;
    for (const name of Object.keys(fields)) assert.ok(properties[`berth:${name}`], name);
    assert.equal(properties["berth:domain"]?.default, "localhost");
    assert.ok(JSON.stringify(properties).includes('"default":8080'));
  });

  test("accepts secrets only encrypted", () => {
    accepts({ config: { "root:ROOT_SECRET": { secure: "v1:x" }, "berth:registryPassword": { secure: "v1:x" } }, encryptionsalt: "v1:x" });
    assert.ok(refuses({ "root:ROOT_SECRET": "plain" }));
    assert.ok(refuses({ "berth:registryPassword": "plain" }));
    assert.ok(refuses({ "berth:registryPassword": { secure: "v1:x", extra: 1 } }));
  });

  test("accepts Pulumi's own keys", () => accepts({ config: { "pulumi:disable-default-providers": ["docker"] } }));

  const broken: [what: string, config: object][] = [
    ["an unknown key", { "berth:domian": "x" }],
    ["an unknown field", { "berth:apps": { root: { replica: 1 } } }],
    ["0 replicas", { "berth:apps": { root: { replicas: 0 } } }],
    ["negative replicas", { "berth:apps": { root: { replicas: -1 } } }],
    ["replicas as text", { "berth:apps": { root: { replicas: "2" } } }],
    ["memory without a unit", { "berth:apps": { root: { memory: "512" } } }],
    ["memory as a number", { "berth:redis": { memory: 512 } }],
    ["a number as a variable", { "berth:apps": { root: { env: { WORKERS: 4 } } } }],
    ["an application's name in capitals", { "berth:apps": { Root: {} } }],
    ["a CIDR that is none", { "berth:networks": { edge: "10.0.0.0" } }],
    ["an image without tag and digest", { "berth:images": { redis: "redis" } }],
    ["a port that is none", { "berth:publish": { http: 70_000 } }],
    ["a registry with port and host", { "berth:registry": { port: 1, host: "ghcr.io", owner: "a", username: "a" } }],
    ["a registry without an owner", { "berth:registry": { host: "ghcr.io", username: "a" } }],
    ["a policy that Redis does not have", { "berth:redis": { policy: "sometimes" } }],
  ];
  for (const [what, config] of broken) test(`refuses ${what}`, () => assert.ok(refuses(config)));

  test("refuses an unknown key beside config", () => assert.equal(validate({ config: {}, confg: {} }), false));
});
