import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parse } from "yaml";
import { isNarrowed, withoutServer } from "../../../../components/traefik/aside.ts";
import { renderRoute } from "../../../../components/traefik/route-config.ts";

interface File {
  http: { routers: object; services: Record<string, { loadBalancer?: { servers: { url: string }[] } }>; middlewares: Record<string, object> };
}

const route = { name: "shop", host: "shop.example.com", servers: ["shop-web-0-aaaaaaa", "shop-web-1-bbbbbbb"], port: 3000, healthPath: "/health?a={{" };

describe("a route without one of its containers", () => {
  test("names it in no service, and is the same otherwise, but for a mark of its own", () => {
    const { text } = renderRoute(route);
    const narrowed = withoutServer(text, "shop-web-0-aaaaaaa", "1f") ?? assert.fail();
    assert.equal(narrowed.mark, "aside-1f");
    assert.doesNotMatch(narrowed.text, /shop-web-0/);
    const [before, after] = [parse(text) as File, parse(narrowed.text) as File];
    for (const { loadBalancer } of Object.values(before.http.services)) if (loadBalancer !== undefined) loadBalancer.servers = loadBalancer.servers.filter(({ url }) => !url.includes("shop-web-0"));
    const { "aside-1f": mark, ...middlewares } = after.http.middlewares;
    assert.deepEqual(mark, { stripPrefix: { prefixes: ["/"] } });
    assert.deepEqual({ ...after, http: { ...after.http, middlewares } }, before);
    assert.deepEqual([isNarrowed(narrowed.text), isNarrowed(text)], [true, false]);
    // What Traefik takes for a template stays escaped.
    assert.equal(narrowed.text.split('{{ "{{" }}').length, text.split('{{ "{{" }}').length);
  });

  test("is none where no other container serves it, where it does not have this one, or where the name only begins like it", () => {
    const { text } = renderRoute({ ...route, servers: ["shop-web-0-aaaaaaa"] });
    assert.equal(withoutServer(text, "shop-web-0-aaaaaaa", "1f"), undefined);
    assert.equal(withoutServer(renderRoute(route).text, "shop-web-2-ccccccc", "1f"), undefined);
    assert.equal(withoutServer(renderRoute(route).text, "shop-web-0", "1f"), undefined);
  });
});
