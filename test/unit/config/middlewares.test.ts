import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { z } from "zod";
import { checkConfig } from "../../../config/config.ts";
import { middlewares } from "../../../config/settings/middlewares.ts";
import { everyMiddleware } from "./every-middleware.ts";
import { rawConfig, shop } from "./raw-config.ts";

const checked = (value: unknown) => checkConfig(rawConfig({ values: { "berth:apps": { shop: { middlewares: value } } }, secrets: { "shop:SHOP_KEY": "x" } }), { shop });

/** Full names of the fields that have values. */
function fieldsOf(value: object, path: string): string[] {
  return Object.entries(value).flatMap(([key, inner]) => (typeof inner === "object" && !Array.isArray(inner) && inner !== null && !key.endsWith("Headers") ? fieldsOf(inner as object, `${path}.${key}`) : [`${path}.${key}`]));
}
interface Schema {
  properties?: Record<string, Schema>;
  items?: Schema;
}
function fieldsOfSchema({ properties = {} }: Schema, path: string): string[] {
  return Object.entries(properties).flatMap(([key, inner]) => (inner.properties === undefined ? [`${path}.${key}`] : fieldsOfSchema(inner, `${path}.${key}`)));
}

describe("middlewares of an application", () => {
  test("are handed on as they are; the ones that Traefik itself is shown have every field", () => {
    const { config, problems } = checked(everyMiddleware);
    assert.deepEqual(problems, []);
    assert.deepEqual(config?.apps[0]?.middlewares, everyMiddleware);
    // Who is counted is told in the same words wherever it is asked for.
    const known = fieldsOfSchema((z.toJSONSchema(middlewares) as Schema).items ?? {}, "").map((field) => field.replace(/^.*(?=\.sourceCriterion|\.ipStrategy)/, ""));
    const shown = everyMiddleware.flatMap((one) => fieldsOf(one, "")).map((field) => field.replace(/^.*(?=\.sourceCriterion|\.ipStrategy)/, ""));
    const short = (names: string[]) => [...new Set(names.map((name) => name.replace(".sourceCriterion.ipStrategy", ".ipStrategy")))].toSorted();
    assert.deepEqual(short(shown), short(known));
  });

  const wrong: [what: string, value: unknown, field: string, allowed: RegExp][] = [
    ["that are no list", { rateLimit: { average: 5 } }, "", /each in lines of its own that begin with -/],
    ["of a kind that Traefik does not have", [{ ratelimit: { average: 5 } }], "[0].ratelimit", /unknown/],
    ["of two kinds in one", [{ addPrefix: { prefix: "/a" }, replacePath: { path: "/b" } }], "[0]", /exactly one kind/],
    ["of no kind", [{ compress: {} }, {}], "[1]", /exactly one kind/],
    ["without what it must have", [{ ipAllowList: {} }], "[0].ipAllowList.sourceRange", /203\.0\.113\.0\/24/],
    ["with a number as text", [{ rateLimit: { average: "5" } }], "[0].rateLimit.average", /whole number/],
    ["with a network that is none", [{ ipAllowList: { sourceRange: ["203.0.113.0/24", "10.0.0.0/33"] } }], "[0].ipAllowList.sourceRange[1]", /CIDR/],
    ["with a time without a unit", [{ rateLimit: { average: 5, period: "60" } }], "[0].rateLimit.period", /10s/],
  ];
  for (const [what, value, field, allowed] of wrong) {
    test(`${what} are refused`, () => {
      const problem = checked(value).problems.at(0);
      assert.equal(problem?.field, `berth:apps.shop.middlewares${field}`);
      assert.match(problem.allowed, allowed);
    });
  }

  test("with a password in the place of its hash are refused, and the password is not shown", () => {
    for (const value of [[{ basicAuth: { users: ["ops:canary-1"] } }], [{ basicAuth: { users: "ops:canary-1" } }], [{ basicAuth: { users: ["ops:canary-1"] }, addPrefix: { prefix: "/" } }], [{ basicAuth: "canary-1" }]]) {
      const { problems } = checked(value);
      assert.ok(problems.length > 0);
      assert.ok(!JSON.stringify(problems).includes("canary"), JSON.stringify(problems));
    }
    assert.match(checked([{ basicAuth: { users: ["ops:canary-1"] } }]).problems[0]?.allowed ?? "", /htpasswd -nB/);
  });
});
