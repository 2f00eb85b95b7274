import assert from "node:assert/strict";
import { describe, test } from "node:test";
import * as fc from "fast-check";
import { parsed, type Problem, problemReport } from "../../../config/problems.ts";
import { clashProblems } from "../../../config/checks/clashes.ts";
import { secretProblems } from "../../../config/checks/secrets.ts";
import { unknownKeys } from "../../../config/checks/unknown-keys.ts";
import { rawConfig, shop } from "./raw-config.ts";

test("a report says how many problems there are, and names stack, field, value, what is allowed and the fix of each", () => {
  const problem = (field: string): Problem => ({ field, value: "5", allowed: "6 or more", fix: `set ${field}` });
  assert.equal(
    problemReport("prod", [problem("berth:a"), problem("berth:b")]),
    [
      'stack "prod": 2 problems in Pulumi.prod.yaml; nothing was changed.',
      '  berth:a in stack "prod" is 5',
      "    allowed: 6 or more",
      "    fix:     set berth:a",
      '  berth:b in stack "prod" is 5',
      "    allowed: 6 or more",
      "    fix:     set berth:b",
    ].join("\n"),
  );
});

describe("a raw value", () => {
  test("of an object or a list is read back as it was written", () => {
    fc.assert(fc.property(fc.oneof(fc.dictionary(fc.string(), fc.jsonValue()), fc.array(fc.jsonValue())), (value) => {
      const json = JSON.stringify(value);
      assert.deepEqual(parsed(json), JSON.parse(json));
    }));
  });

  for (const text of ["123", "1e5", "-", "true", '"quoted"', "", "{half", "[", "example.com"]) {
    test(`${JSON.stringify(text)} stays text`, () => assert.equal(parsed(text), text));
  }
});

describe("clashes", () => {
  const app = { replicas: 1, memory: "64MiB", cpus: 1, env: {} };
  const fieldsOf = (settings: Parameters<typeof clashProblems>[1]) => clashProblems("dev", settings).map(({ field }) => field);

  test("of three applications with one host name are two messages, each naming the first", () => {
    const apps = { a: { ...app, host: "x.example" }, b: { ...app, host: "x.example" }, c: { ...app, host: "x.example" }, d: app };
    const problems = clashProblems("dev", { apps });
    assert.deepEqual(problems.map(({ field }) => field), ["berth:apps.b.host", "berth:apps.c.host"]);
    for (const { value } of problems) assert.equal(value, '"x.example", as is berth:apps.a.host');
  });

  test("of an application's own host name with another's default one are found", () => {
    assert.deepEqual(fieldsOf({ domain: "example.com", apps: { a: app, b: { ...app, host: "a.example.com" } } }), ["berth:apps.b.host"]);
  });

  test("of subnets are found whichever contains the other, and not between neighbours", () => {
    const overlap = (edge: string, monitoring: string) => fieldsOf({ networks: { edge, monitoring } }).length;
    assert.equal(overlap("10.1.0.0/16", "10.1.2.0/24"), 1);
    assert.equal(overlap("10.1.2.0/24", "10.1.0.0/16"), 1);
    assert.equal(overlap("10.1.2.0/24", "10.1.2.0/24"), 1);
    assert.equal(overlap("10.1.2.0/24", "10.1.3.0/24"), 0);
  });

  test("there are none where parts of the settings could not be read", () => assert.deepEqual(fieldsOf({}), []));
});

describe("secrets", () => {
  test("in any number that are missing are all reported", () => {
    const definition = { ...shop, secrets: { ONE: "first", TWO: "second" } };
    const problems = secretProblems(rawConfig({}), { secrets: "require" }, { a: definition, b: definition });
    assert.deepEqual(problems.map(({ field }) => field), ["a:ONE", "a:TWO", "b:ONE", "b:TWO"]);
  });

  test("in plain text are refused even where the stack would generate them", () => {
    const problems = secretProblems(rawConfig({ values: { "shop:SHOP_KEY": "x" } }), { secrets: "generate" }, { shop });
    assert.deepEqual(problems.map(({ value }) => value), ["plain text"]);
  });

  test("the registry's password is wanted for a remote registry only", () => {
    const wanted = (registry: object) => secretProblems(rawConfig({}), { registry: registry as { port: number } }, {}).length;
    assert.equal(wanted({ host: "ghcr.io", owner: "acme", username: "acme" }), 1);
    assert.equal(wanted({ port: 5555 }), 0);
  });
});

describe("unknown keys", () => {
  test("name the known ones of the same namespace", () => {
    const [problem] = unknownKeys(rawConfig({ secrets: { "shop:SHOP_KYE": "hidden" } }), { shop });
    assert.deepEqual(problem, {
      field: "shop:SHOP_KYE",
      value: "[secret]",
      allowed: "a key that the stack reads: shop:SHOP_KEY",
      fix: "correct its spelling, or pulumi config rm -s dev shop:SHOP_KYE",
    });
  });

  test("do not show what may be meant as a secret", () => {
    fc.assert(
      fc.property(fc.constantFrom("berth:apiToken", "berth:SECRET", "berth:dbPassword", "shop:ANY", "other:key"), fc.stringMatching(/^hidden[a-z]{4}$/), (key, value) => {
        assert.ok(!JSON.stringify(unknownKeys(rawConfig({ values: { [key]: value } }), { shop })).includes(value));
      }),
    );
  });
});
