import assert from "node:assert/strict";
import { test } from "node:test";
import { parse } from "yaml";
import type { Maintenance } from "../../../../components/traefik/maintenance.ts";
import { renderNext, renderRoute, type Route } from "../../../../components/traefik/route-config.ts";

interface Http {
  routers: Record<string, { service: string; middlewares: string[] }>;
  services: Record<string, { loadBalancer?: { servers: { url: string }[] } }>;
  middlewares: Record<string, Record<string, unknown>>;
}
const plain: Route = { name: "shop", host: "shop.example.com", servers: ["a", "b"], port: 3000, healthPath: "/health", retry: false };
const http = (maintenance: Partial<Maintenance> | undefined, route: Partial<Route> = {}, secure = false) =>
  (parse(renderRoute({ ...plain, ...route, ...(maintenance !== undefined && { maintenance: { page: "http://page:8080", ...maintenance } }) }, secure).text) as { http: Http }).http;

test("a closed route refuses everybody with 503, and another server's page in its place, before all that is the application's own", () => {
  const { routers, services, middlewares } = http({}, { middlewares: [{ basicAuth: { users: ["a:b"] } }], ports: { admin: { port: 3001, host: "admin.example.com" } }, paths: [{ host: "x.example.com", path: "/shop" }] }, true);
  for (const name of ["shop", "shop_port_admin", "shop_path_0"]) assert.deepEqual(routers[name]?.middlewares, ["security", "shop_page", "shop_closed", "shop_0"], name);
  assert.deepEqual(middlewares["shop_page"], { errors: { status: ["503"], service: "shop_page", query: "/" } });
  assert.deepEqual(middlewares["shop_closed"], { ipAllowList: { sourceRange: ["255.255.255.255/32"], rejectStatusCode: 503 } });
  assert.deepEqual(services["shop_page"], { loadBalancer: { servers: [{ url: "http://page:8080" }] } });
  assert.deepEqual(services["shop"], http(undefined, {}, true).services["shop"], "the application's own service is as it was");
});

test("who is allowed gets through; behind a proxy it is the address that the proxy says", () => {
  assert.deepEqual(http({ allow: ["203.0.113.0/24", "2001:db8::1"] }).middlewares["shop_closed"], { ipAllowList: { sourceRange: ["203.0.113.0/24", "2001:db8::1"], rejectStatusCode: 503 } });
  assert.deepEqual(http({ allow: ["203.0.113.7"], proxied: true }).middlewares["shop_closed"], { ipAllowList: { sourceRange: ["203.0.113.7"], rejectStatusCode: 503, ipStrategy: { depth: 1 } } });
});

test("a body that is too large is no reason to be told so by a closed route", () => {
  const { routers } = http({}, { bodyLimit: 1 });
  assert.deepEqual([routers["shop_large"]?.middlewares, routers["shop_unmeasured"]?.middlewares], [["shop_page", "shop_closed", "shop_large"], ["shop_page", "shop_closed", "shop_buffered"]]);
});

test("an open route is as it was before there was any of this, and what is to come never names the page", () => {
  assert.equal(renderRoute({ ...plain, maintenance: undefined }).text, renderRoute(plain).text);
  assert.doesNotMatch(renderNext({ ...plain, maintenance: { page: "http://page:8080" } }) ?? "", /page|closed/);
});
