import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { parse } from "yaml";
import { above } from "../../../../components/traefik/body-limit.ts";
import { renderRoute, type Route } from "../../../../components/traefik/route-config.ts";

const shop: Route = { name: "shop", host: "shop.example.com", servers: ["a"], port: 3000, paths: [{ host: "example.com", path: "/shop" }], redirects: ["www.example.com"] };
interface Routers {
  http: { routers: Record<string, { rule: string; service: string; priority: number; middlewares?: string[] }>; middlewares: Record<string, object> };
}
const http = (bodyLimit: number | undefined, secure: boolean) => (parse(renderRoute({ ...shop, bodyLimit }, secure).text) as Routers).http;

test("the pattern matches each number above the limit, and none up to it", () => {
  fc.assert(
    fc.property(fc.nat(2 ** 40), fc.oneof(fc.nat(2 ** 41), fc.nat(100)), fc.nat(3), (limit, other, zeros) => {
      const pattern = new RegExp(above(limit));
      for (const number of [other, limit - 1, limit, limit + 1, limit * 10]) if (number >= 0) assert.equal(pattern.test("0".repeat(zeros) + String(number)), number > limit, `${number} of ${limit}`);
    }),
  );
});

test("whatever is larger than the limit is refused, and what does not say how large it is is read first; nothing else is", () => {
  const { routers, middlewares } = http(10, true);
  assert.deepEqual(Object.keys(routers), ["shop", "shop_path_0", "shop_large", "shop_unmeasured", "shop_path_0_large", "shop_path_0_unmeasured", "shop_redirect"]);
  assert.deepEqual([middlewares["shop_large"], middlewares["shop_buffered"]], [{ ipAllowList: { sourceRange: ["255.255.255.255/32"], rejectStatusCode: 413 } }, { buffering: { maxRequestBodyBytes: 10_485_760 } }]);
  for (const name of ["shop", "shop_path_0"]) {
    const rule = routers[name]?.rule ?? "";
    assert.ok(routers[`${name}_large`]?.rule.startsWith(`(${rule}) && HeaderRegexp(\`Content-Length\`, \`${above(10_485_760)}\`)`));
    assert.ok(routers[`${name}_unmeasured`]?.rule.startsWith(`(${rule}) && !HeaderRegexp(\`Content-Length\``));
    assert.deepEqual([routers[`${name}_large`]?.middlewares, routers[`${name}_unmeasured`]?.middlewares, routers[name]?.middlewares], [["security", "shop_large"], ["security", "shop_buffered"], ["security"]]);
    for (const beside of ["large", "unmeasured"]) assert.ok((routers[`${name}_${beside}`]?.priority ?? 0) > (routers[name]?.priority ?? rule.length), beside);
  }
});

test("a route without a limit has no such router", () => assert.deepEqual(Object.keys(http(undefined, false).routers), ["shop", "shop_path_0", "shop_redirect"]));
