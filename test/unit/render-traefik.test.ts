import assert from "node:assert/strict";
import { describe, test } from "node:test";
import * as fc from "fast-check";
import { parse } from "yaml";
import { renderRoutes, renderTraefikStatic, revisionOf, type Route, routesDirectory, serverChecks } from "../../components/traefik-config.ts";

interface Dynamic {
  http: {
    routers: Record<string, { rule: string; service: string; entryPoints: string[]; middlewares?: string[] }>;
    middlewares: Record<string, { ipAllowList?: { sourceRange: string[] } }>;
    services?: Record<string, { loadBalancer: { servers: { url: string }[]; healthCheck: { path: string; interval: string; timeout: string }; passHostHeader: boolean } }>;
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
  }),
  { selector: (route) => route.name, maxLength: 6 },
);
const dynamic = (of: Route[]) => parse(renderRoutes(of, subnet)) as Dynamic;

describe("Traefik's static configuration", () => {
  const file = parse(renderTraefikStatic()) as Record<string, Record<string, unknown>>;

  test("takes requests on 8000 and serves ping, API and metrics on 8080", () => {
    const points = file["entryPoints"] as Record<string, { address: string }>;
    assert.deepEqual(Object.entries(points).map(([point, { address }]) => [point, address]), [["web", ":8000"], ["internal", ":8080"]]);
    assert.deepEqual(file["ping"], { entryPoint: "internal" });
    assert.deepEqual(file["metrics"], { prometheus: { manualRouting: true, addServicesLabels: true } });
  });

  test("reads routes from a watched directory and has no other provider, so it needs no Docker socket", () => {
    assert.deepEqual(file["providers"], { file: { directory: routesDirectory, watch: true } });
  });

  test("has no dashboard, no insecure API, trusts no forwarded header, and calls nobody", () => {
    assert.deepEqual(file["api"], { dashboard: false });
    assert.ok(!renderTraefikStatic().includes("insecure"));
    assert.ok(!renderTraefikStatic().includes("forwardedHeaders"));
    assert.deepEqual(file["global"], { checkNewVersion: false, sendAnonymousUsage: false });
  });

  test("logs no header of a request, which may be a token", () => {
    assert.deepEqual(file["accessLog"], { format: "json", fields: { headers: { defaultMode: "drop" } } });
  });

  test("gives running requests less time than its container has to stop", () => {
    const { web } = file["entryPoints"] as { web: { transport: { lifeCycle: { graceTimeOut: string } } } };
    assert.ok(Number.parseInt(web.transport.lifeCycle.graceTimeOut, 10) < 30);
  });
});

describe("Traefik's routes", () => {
  test("name for each host its service, and for each service its containers, whatever the names", () => {
    fc.assert(
      fc.property(routes, (of) => {
        const { routers, services = {} } = dynamic(of).http;
        for (const { name, host, servers, port, healthPath } of of) {
          assert.deepEqual(routers[name], { rule: `Host(\`${host}\`)`, service: name, entryPoints: ["web"] });
          assert.deepEqual(services[name]?.loadBalancer, {
            servers: servers.map((server) => ({ url: `http://${server}:${port}` })),
            healthCheck: { path: healthPath, interval: "1s", timeout: "2s" },
            passHostHeader: true,
          });
        }
        assert.equal(Object.keys(routers).length, of.length + 2, "no route is lost to another of its name");
        assert.equal(Object.keys(services).length, of.length);
      }),
    );
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
    assert.equal(dynamic([]).http.services, undefined);
  });

  test("are known in Traefik's API by a middleware that no router uses, named by their content", () => {
    fc.assert(
      fc.property(routes, (of) => {
        const revision = revisionOf(of, subnet);
        const { routers, middlewares } = dynamic(of).http;
        assert.deepEqual(Object.keys(middlewares), ["monitoring", revision]);
        assert.ok(Object.values(routers).every(({ middlewares: used = [] }) => !used.includes(revision)));
        assert.equal(revisionOf(of, subnet), revision);
        assert.notEqual(revisionOf(of, "10.9.0.0/24"), revision);
        const [first, ...rest] = of;
        if (first !== undefined) assert.notEqual(revisionOf([{ ...first, servers: [...first.servers, "new"] }, ...rest], subnet), revision);
      }),
    );
  });

  test("are checked server by server, in a form that the job's shell can split", () => {
    fc.assert(
      fc.property(routes, (of) => {
        const checks = serverChecks(of);
        assert.equal(checks.length, of.reduce((sum, { servers }) => sum + servers.length, 0));
        for (const check of checks) assert.match(check, /^[a-z][a-z0-9-]*@file=http:\/\/[a-z0-9-]+:\d+$/);
      }),
    );
  });
});
