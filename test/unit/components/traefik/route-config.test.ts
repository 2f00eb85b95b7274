import assert from "node:assert/strict";
import { describe, test } from "node:test";
import * as fc from "fast-check";
import { parse } from "yaml";
import { securityHeaders } from "../../../../components/traefik/middlewares.ts";
import { attemptMark, renderNames, renderNext, renderRoute, renderShared, type Route, type RouteFile } from "../../../../components/traefik/route-config.ts";

interface Dynamic {
  http: {
    routers: Record<string, { rule: string; service: string; entryPoints: string[]; middlewares?: string[] }>;
    middlewares: Record<string, { ipAllowList?: { sourceRange: string[] } }>;
    services?: Record<string, { loadBalancer?: { servers: { url: string }[]; healthCheck?: Record<string, unknown>; passHostHeader: boolean; strategy?: string }; failover?: { service: string; fallback: string } }>;
  };
}

const subnet = "10.2.0.0/24";
const name = fc.stringMatching(/^[a-z][a-z0-9-]{0,29}$/);
const routes = fc.uniqueArray(
  fc.record<Route>({
    name,
    host: fc.array(fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?$/), { minLength: 1, maxLength: 4 }).map((labels) => labels.join(".")),
    servers: fc.array(fc.stringMatching(/^[a-z][a-z0-9-]{0,20}$/), { minLength: 1, maxLength: 4 }),
    port: fc.integer({ min: 1, max: 65_535 }),
    healthPath: fc.stringMatching(/^\/[a-z/-]{0,10}$/),
    retry: fc.constant(false),
  }),
  { selector: (route) => route.name, maxLength: 6 },
);
const files = (of: Route[], secure = false): RouteFile[] => [renderShared(subnet, secure), ...of.map((route) => renderRoute(route, secure)), renderNames(of.map((route) => route.name))];
/** All files as Traefik joins them. */
function dynamic(of: Route[], secure = false): Dynamic {
  const read = files(of, secure).map(({ text }) => parse(text) as Dynamic & { tls?: object });
  const joined = (key: "routers" | "middlewares" | "services") => Object.assign({}, ...read.map(({ http }) => http[key])) as never;
  return Object.assign({}, ...read, { http: { routers: joined("routers"), middlewares: joined("middlewares"), services: joined("services") } }) as Dynamic;
}

describe("Traefik's routes", () => {
  test("name for each host its service, and for each service its containers, whatever the names", () => {
    fc.assert(
      fc.property(routes, (of) => {
        const { routers, services = {} } = dynamic(of).http;
        for (const { name, host, servers, port, healthPath } of of) {
          assert.deepEqual(routers[name], { rule: `Host(\`${host}\`)`, service: `${name}_route`, entryPoints: ["web"] });
          const balanced = { servers: servers.map((server) => ({ url: `http://${server}:${port}` })), passHostHeader: true };
          // Whoever reads metrics finds an application by its own name, whichever version serves.
          assert.deepEqual(services[name], { loadBalancer: { ...balanced, healthCheck: { path: healthPath, interval: "1s", timeout: "2s", hostname: host, headers: { "X-Forwarded-Proto": "http" }, followRedirects: false } } });
          assert.deepEqual(services[`${name}_route`], { failover: { service: name, fallback: `${name}_unchecked` } }, "where all fail their check, requests are tried all the same");
          assert.deepEqual(services[`${name}_unchecked`], { loadBalancer: balanced });
        }
        assert.equal(Object.keys(routers).length, of.length + 2, "no route is lost to another of its name");
        assert.equal(Object.keys(services).length, 3 * of.length);
      }),
    );
  });

  test("send a request to the replica with fewer in flight where the application says least-connections", () => {
    const route = { name: "shop", host: "shop.localhost", servers: ["a", "b"], port: 1 };
    const strategies = (["least-connections", "round-robin", undefined] as const).map((balancing) => dynamic([{ ...route, balancing }]).http.services?.["shop"]?.loadBalancer?.strategy);
    assert.deepEqual(strategies, ["p2c", undefined, undefined]);
  });

  test("let the monitoring network alone read API and metrics, on the internal port, whatever applications are called", () => {
    fc.assert(
      fc.property(routes, (of) => {
        const named = [...of, { name: "api", host: "api.localhost", servers: ["a"], port: 1, healthPath: "/" }].filter((route, index, all) => all.findIndex((other) => other.name === route.name) === index);
        const { routers, middlewares } = dynamic(named).http;
        const internal = Object.values(routers).filter(({ service }) => service.endsWith("@internal"));
        assert.deepEqual(internal.map(({ service }) => service), ["api@internal", "prometheus@internal"]);
        for (const router of internal) assert.deepEqual([router.entryPoints, router.middlewares], [["internal"], ["monitoring"]]);
        assert.deepEqual(middlewares["monitoring"], { ipAllowList: { sourceRange: [subnet, "127.0.0.1/32"] } });
      }),
    );
  });

  test("without a route have no empty list, which Traefik would refuse", () => {
    for (const { text } of files([])) assert.doesNotMatch(text, /services/);
  });

  test("are known in Traefik's API by a middleware that no router uses, named by the file's content", () => {
    fc.assert(
      fc.property(routes, (of) => {
        const revisions = files(of).map(({ revision }) => revision);
        assert.equal(new Set(revisions).size, of.length + 2, "each file has a mark of its own");
        const { routers, middlewares } = dynamic(of).http;
        assert.deepEqual(Object.keys(middlewares).toSorted(), ["monitoring", ...revisions].toSorted());
        assert.ok(Object.values(routers).every(({ middlewares: used = [] }) => !used.some((name) => revisions.includes(name))));
        assert.deepEqual(files(of).map(({ revision }) => revision), revisions);
        for (const route of of) assert.notEqual(renderRoute({ ...route, servers: [...route.servers, "new"] }).revision, renderRoute(route).revision);
      }),
    );
    assert.notEqual(renderShared("10.9.0.0/24").revision, renderShared(subnet).revision);
    assert.notEqual(renderNames(["a", "b"]).revision, renderNames(["a"]).revision);
  });

  test("without a health path are a service alone: there is no check that could fail for all", () => {
    const { routers, services } = dynamic([{ name: "shop", host: "shop.localhost", servers: ["tasks.shop-web"], port: 1 }]).http;
    assert.deepEqual([routers["shop"]?.service, Object.keys(services ?? {})], ["shop", ["shop"]]);
  });

  test("are checked as a request of theirs would come: with its host and its scheme", () => {
    const check = (secure: boolean) => dynamic([{ name: "shop", host: "shop.example.com", servers: ["a"], port: 1, healthPath: "/up" }], secure).http.services?.["shop"]?.loadBalancer?.healthCheck;
    assert.deepEqual([check(false)?.["hostname"], check(false)?.["headers"]], ["shop.example.com", { "X-Forwarded-Proto": "http" }]);
    assert.deepEqual([check(true)?.["hostname"], check(true)?.["headers"]], ["shop.example.com", { "X-Forwarded-Proto": "https" }]);
  });

  test("that are to come are built by a router that listens inside, under a name for each attempt, like the ones that will serve", () => {
    fc.assert(
      fc.property(routes, fc.boolean(), (of, secure) => {
        for (const route of of) {
          const { routers, services } = (parse((renderNext(route, secure) ?? "").replaceAll(attemptMark, "1f")) as Dynamic).http;
          const service = `next_${route.name}_1f`;
          assert.deepEqual(routers, { [`next_${route.name}`]: { rule: "Host(`next.invalid`)", service, entryPoints: ["internal"], middlewares: ["monitoring"] } });
          assert.deepEqual(services, { [service]: dynamic([route], secure).http.services?.[route.name] });
        }
      }),
    );
  });

  test("have nothing that Traefik takes for a template's action, whatever a path is", () => {
    const braces = fc.array(fc.constantFrom("{{", "{", "}}", "env", '"', "/", " ", "a"), { maxLength: 12 }).map((parts) => `/${parts.join("")}`);
    fc.assert(
      fc.property(braces, (healthPath) => {
        const { text } = renderRoute({ name: "shop", host: "shop.localhost", servers: ["a"], port: 1, healthPath });
        assert.deepEqual([...text.matchAll(/\{\{.{0,8}/g)].filter(([action]) => !action.startsWith('{{ "{{" }}')).map(([action]) => action).filter((action) => action !== '{{" }}'), []);
        const executed = parse(text.replaceAll('{{ "{{" }}', "{{")) as Dynamic;
        assert.equal(executed.http.services?.["shop"]?.loadBalancer?.healthCheck?.["path"], healthPath);
      }),
    );
  });
});

describe("routes with HTTPS", () => {
  test("every application answers by HTTPS only, with the headers; the internal routers stay as they are", () => {
    fc.assert(
      fc.property(routes, (of) => {
        const secure = dynamic(of, true);
        const plain = dynamic(of).http;
        for (const { name, host } of of) {
          assert.deepEqual(secure.http.routers[name], { rule: `Host(\`${host}\`)`, service: `${name}_route`, entryPoints: ["websecure"], middlewares: ["security"], tls: { certResolver: "acme" } });
        }
        assert.deepEqual(secure.http.routers["internal_api"], plain.routers["internal_api"]);
        assert.deepEqual(Object.keys(secure.http.middlewares).filter((name) => !name.startsWith("revision-")), ["monitoring", "security"]);
        assert.notEqual(renderShared(subnet, true).revision, renderShared(subnet).revision);
      }),
    );
  });

  test("it is Mozilla's intermediate profile, and a name without a certificate is refused", () => {
    const { tls: { options }, http } = parse(renderShared(subnet, true).text) as { tls: { options: unknown }; http: { middlewares: { security: { headers: Record<string, unknown> } } } };
    const suites = ["ECDSA", "RSA"].flatMap((key) => [`TLS_ECDHE_${key}_WITH_AES_128_GCM_SHA256`, `TLS_ECDHE_${key}_WITH_AES_256_GCM_SHA384`, `TLS_ECDHE_${key}_WITH_CHACHA20_POLY1305_SHA256`]);
    assert.deepEqual(options, { default: { minVersion: "VersionTLS12", cipherSuites: suites, sniStrict: true } });
    assert.deepEqual(http.middlewares.security.headers, { customResponseHeaders: securityHeaders });
  });
});
