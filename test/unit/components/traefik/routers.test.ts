import assert from "node:assert/strict";
import { describe, test } from "node:test";
import * as fc from "fast-check";
import { parse } from "yaml";
import { attemptMark, renderNext, renderRoute, type Route } from "../../../../components/traefik/route-config.ts";
import { securityHeaders } from "../../../../components/traefik/middlewares.ts";

interface Router {
  rule: string;
  service: string;
  entryPoints: string[];
  priority?: number;
  middlewares?: string[];
  tls?: { certResolver: string; domains?: { main: string }[] };
}
interface Http {
  routers: Record<string, Router>;
  services: Record<string, { loadBalancer?: { servers: { url: string }[]; healthCheck?: { path: string; port?: number }; sticky?: { cookie: object } }; failover?: { service: string; fallback: string } }>;
  middlewares: Record<string, Record<string, unknown>>;
}
const plain: Route = { name: "shop", host: "shop.example.com", servers: ["a", "b"], port: 3000, healthPath: "/health", retry: false };
const http = (route: Partial<Route>, secure = false) => (parse(renderRoute({ ...plain, ...route }, secure).text) as { http: Http }).http;
const label = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?$/);
const host = fc.array(label, { minLength: 2, maxLength: 3 }).map((labels) => labels.join("."));
const path = fc.array(fc.stringMatching(/^[A-Za-z0-9._~-]{1,6}$/), { minLength: 1, maxLength: 3 }).map((parts) => `/${parts.join("/")}`);
/** Whether a rule of Host, Path and PathPrefix, as Berth writes them, takes a request. */
function takes(rule: string, asked: { host: string; path: string }): boolean {
  const [hosts = "", paths] = rule.split(" && ");
  const named = (matcher: string, text: string) => [...text.matchAll(new RegExp(`\\b${matcher}\\(\`([^\`]*)\`\\)`, "g"))].map(([, value = ""]) => value);
  if (!named("Host", hosts).includes(asked.host)) return false;
  return paths === undefined || named("Path", paths).includes(asked.path) || named("PathPrefix", paths).some((prefix) => asked.path.startsWith(prefix));
}

test("a route without options has one router, no middleware of its own but its mark, and with HTTPS one certificate by its rule", () => {
  for (const secure of [false, true]) {
    const { routers, middlewares } = http({}, secure);
    assert.deepEqual(Object.keys(routers), ["shop"]);
    assert.deepEqual(Object.keys(middlewares).filter((name) => !name.startsWith("revision-")), []);
    assert.deepEqual(routers["shop"]?.tls, secure ? { certResolver: "acme" } : undefined);
    assert.equal(renderRoute({ ...plain, hosts: undefined, redirects: undefined, paths: undefined, ports: {} }, secure).text, renderRoute(plain, secure).text);
  }
});

test("more hosts are served by the same router, each with a certificate of its own", () => {
  fc.assert(
    fc.property(fc.uniqueArray(host, { minLength: 1, maxLength: 4 }), (hosts) => {
      const { routers } = http({ hosts }, true);
      for (const name of [plain.host, ...hosts]) assert.ok(takes(routers["shop"]?.rule ?? "", { host: name, path: "/" }), name);
      assert.deepEqual(routers["shop"]?.tls?.domains, [plain.host, ...hosts].map((main) => ({ main })));
      assert.equal(http({ hosts }).routers["shop"]?.tls, undefined);
    }),
  );
});

test("redirects lead to the route's host for good, with scheme, port, path and query as they were asked", () => {
  const { routers, middlewares } = http({ redirects: ["www.example.com", "old.example.org"] }, true);
  assert.deepEqual([routers["shop_redirect"]?.rule, routers["shop_redirect"]?.service, routers["shop_redirect"]?.middlewares], ["Host(`www.example.com`) || Host(`old.example.org`)", "noop@internal", ["security", "shop_redirect"]]);
  const { regex, replacement, permanent } = (middlewares["shop_redirect"] ?? {})["redirectRegex"] as { regex: string; replacement: string; permanent: boolean };
  assert.equal(permanent, true);
  const sent = (url: string) => url.replace(new RegExp(regex), replacement.replaceAll(/\$\{(\d)\}/g, "$$$1"));
  assert.deepEqual(["https://www.example.com/a?b=https://c:1/", "http://old.example.org:8080/", "http://www.example.com//evil.example"].map(sent), ["//shop.example.com/a?b=https://c:1/", "//shop.example.com:8080/", "//shop.example.com//evil.example"]);
});

describe("paths", () => {
  test("take the path and what is below it, of that host alone, before whoever has the host", () => {
    fc.assert(
      fc.property(host, path, path, fc.uniqueArray(host, { maxLength: 30 }), (host, path, other, many) => {
        const { rule = "", priority = 0 } = http({ paths: [{ host, path }] }).routers["shop_path_0"] ?? {};
        assert.ok(takes(rule, { host, path }) && takes(rule, { host, path: `${path}/below` }));
        assert.equal(takes(rule, { host, path: `${path}-beside` }), false);
        assert.equal(takes(rule, { host: `x.${host}`, path }), false);
        assert.equal(takes(rule, { host, path: other }), other === path || other.startsWith(`${path}/`));
        const wider = http({ host, hosts: many }).routers["shop"];
        assert.ok(priority > (wider?.priority ?? wider?.rule.length ?? 0), "by itself the longest rule is first");
        assert.ok((http({ paths: [{ host, path: `${path}/deeper` }] }).routers["shop_path_0"]?.priority ?? 0) > priority, "the longer path is first");
      }),
    );
  });

  test("are taken off the request where they are stripped, and only there", () => {
    const { routers, middlewares } = http({ paths: [{ host: "example.com", path: "/shop", strip: true }, { host: "example.com", path: "/cart" }] });
    assert.deepEqual([routers["shop_path_0"]?.middlewares, routers["shop_path_1"]?.middlewares], [["shop_strip_0"], undefined]);
    assert.deepEqual(middlewares["shop_strip_0"], { stripPrefix: { prefixes: ["/shop"] } });
  });
});

test("a further port has a router and services of its own, whose health is that of the main port", () => {
  const { routers, services } = http({ ports: { admin: { port: 9000, host: "admin.example.com" } } });
  assert.deepEqual([routers["shop_port_admin"]?.rule, routers["shop_port_admin"]?.service], ["Host(`admin.example.com`)", "shop_port_admin_route"]);
  const { servers, healthCheck } = services["shop_port_admin"]?.loadBalancer ?? {};
  assert.deepEqual(servers, [{ url: "http://a:9000" }, { url: "http://b:9000" }]);
  assert.deepEqual([healthCheck?.path, healthCheck?.port, services["shop"]?.loadBalancer?.healthCheck?.port], ["/health", 3000, undefined]);
  assert.deepEqual(services["shop_port_admin_route"]?.failover, { service: "shop_port_admin", fallback: "shop_port_admin_unchecked" });
});

describe("headers", () => {
  const set = (headers: Route["headers"], secure: boolean) => {
    const { routers, middlewares } = http({ headers }, secure);
    const [name = ""] = routers["shop"]?.middlewares ?? [];
    return name === "" || middlewares[name] === undefined ? {} : (middlewares[name]?.["headers"] as { customResponseHeaders: object } | undefined)?.customResponseHeaders;
  };

  test("of the application are set over the usual ones, which it can leave out one by one, whatever their capitals", () => {
    const { "X-Content-Type-Options": _, "X-Frame-Options": __, ...rest } = securityHeaders;
    assert.deepEqual(set({ "x-frame-options": "DENY", "X-CONTENT-TYPE-OPTIONS": false, "Permissions-Policy": "camera=()" }, true), { ...rest, "x-frame-options": "DENY", "Permissions-Policy": "camera=()" });
  });

  test("are set without HTTPS too, where the usual ones are not", () => {
    assert.deepEqual(set({ "X-Frame-Options": "DENY" }, false), { "X-Frame-Options": "DENY" });
    assert.deepEqual(set({ "X-Frame-Options": false }, false), {}, "no middleware that sets nothing, which Traefik can't make");
    assert.deepEqual(set(Object.fromEntries(Object.keys(securityHeaders).map((name) => [name, false as const])), true), {});
  });

  test("are on every router of the route, and on its redirect", () => {
    const { routers } = http({ headers: { A: "b" }, redirects: ["www.example.com"], paths: [{ host: "example.com", path: "/shop", strip: true }], ports: { admin: { port: 1, host: "admin.example.com" } } });
    const used = Object.fromEntries(Object.entries(routers).map(([name, { middlewares }]) => [name, middlewares]));
    assert.deepEqual(used, { shop: ["shop_headers"], shop_redirect: ["shop_headers", "shop_redirect"], shop_path_0: ["shop_headers", "shop_strip_0"], shop_port_admin: ["shop_headers"] });
  });
});

test("middlewares are made in the order of the list, and proved before, under other names, by a router that no request reaches", () => {
  const middlewares = [{ rateLimit: { average: 5 } }, { basicAuth: { users: ["ops:{{hash"] } }];
  const live = http({ middlewares, headers: { A: "b" } }, true);
  assert.deepEqual(live.routers["shop"]?.middlewares, ["shop_headers", "shop_0", "shop_1"]);
  const next = (parse((renderNext({ ...plain, middlewares, headers: { A: "b" } }, true) ?? "").replaceAll(attemptMark, "1f")) as { http: Http }).http;
  assert.deepEqual(next.routers["next_shop"]?.middlewares, ["monitoring", "next_shop_headers", "next_shop_0", "next_shop_1"]);
  for (const name of ["0", "1"]) assert.deepEqual(next.middlewares[`next_shop_${name}`], live.middlewares[`shop_${name}`]);
});

describe("a request that a server could not take", () => {
  const retriesOf = (more: Partial<Route>) => {
    const { routers, middlewares } = http({ retry: undefined, ...more });
    return (routers["shop"]?.middlewares ?? []).map((name) => middlewares[name]?.["retry"]);
  };

  test("is tried on the others, and once more after a 502, nearest to the servers", () => {
    assert.deepEqual(retriesOf({}), [{ attempts: 2, status: ["502"], disableRetryOnNetworkError: true }, { attempts: 10 }]);
    assert.deepEqual(http({ retry: true, middlewares: [{ rateLimit: { average: 5 } }] }).routers["shop"]?.middlewares, ["shop_0", "shop_again", "shop_elsewhere"]);
  });

  test("is not where there is no other server, or the application says so", () => {
    assert.deepEqual([retriesOf({ servers: ["a"] }), retriesOf({ retry: false })], [[], []]);
  });
});

test("a browser stays with a server by a cookie of its session that no script reads, by HTTPS alone where the stack has it", () => {
  const cookies = (secure: boolean) => ["shop", "shop_unchecked"].map((service) => http({ sticky: true }, secure).services[service]?.loadBalancer?.sticky?.cookie);
  const cookie = { name: "berth_shop", httpOnly: true, sameSite: "lax" };
  assert.deepEqual([cookies(false), cookies(true)], [[cookie, cookie], [{ ...cookie, secure: true }, { ...cookie, secure: true }]]);
});

test("without a health path there is something to be found out of middlewares alone", () => {
  const { healthPath: _, ...unchecked } = plain;
  assert.equal(renderNext(unchecked), undefined);
  assert.ok(renderNext({ ...unchecked, middlewares: [{ rateLimit: { average: 5 } }] }));
});
