import assert from "node:assert/strict";
import { describe, test } from "node:test";
import * as fc from "fast-check";
import { parse } from "yaml";
import { addressOf, renderNames, renderRoute, renderShared, renderTraefikStatic, type Route, type RouteFile, routesDirectory, serverChecks } from "../../../../components/traefik/traefik-config.ts";

interface Dynamic {
  http: {
    routers: Record<string, { rule: string; service: string; entryPoints: string[]; middlewares?: string[] }>;
    middlewares: Record<string, { ipAllowList?: { sourceRange: string[] } }>;
    services?: Record<string, { loadBalancer: { servers: { url: string }[]; healthCheck: { path: string; interval: string; timeout: string }; passHostHeader: boolean; strategy?: string } }>;
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
const files = (of: Route[], secure = false): RouteFile[] => [renderShared(subnet, secure), ...of.map((route) => renderRoute(route, secure)), renderNames(of.map((route) => route.name))];
/** All files as Traefik joins them. */
function dynamic(of: Route[], secure = false): Dynamic {
  const read = files(of, secure).map(({ text }) => parse(text) as Dynamic & { tls?: object });
  const joined = (key: "routers" | "middlewares" | "services") => Object.assign({}, ...read.map(({ http }) => http[key])) as never;
  return Object.assign({}, ...read, { http: { routers: joined("routers"), middlewares: joined("middlewares"), services: joined("services") } }) as Dynamic;
}

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

  test("send a request to the replica with fewer in flight where the application says least-connections", () => {
    const route = { name: "shop", host: "shop.localhost", servers: ["a", "b"], port: 1 };
    const strategies = (["least-connections", "round-robin", undefined] as const).map((balancing) => dynamic([{ ...route, balancing }]).http.services?.["shop"]?.loadBalancer.strategy);
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

  test("are checked server by server, in a form that the job's shell can split", () => {
    fc.assert(
      fc.property(routes, (of) => {
        const checks = of.flatMap(serverChecks);
        assert.equal(checks.length, of.reduce((sum, { servers }) => sum + servers.length, 0));
        for (const check of checks) assert.match(check, /^[a-z][a-z0-9-]*@file=http:\/\/[a-z0-9-]+:\d+$/);
      }),
    );
  });
});

describe("with HTTPS", () => {
  const tls = { port: 443, email: "ops@example.com", server: "https://acme.example.com/directory" };
  interface Static {
    entryPoints: Record<string, { address: string; http?: object; transport?: object }>;
    certificatesResolvers: Record<string, { acme: Record<string, unknown> }>;
  }
  const file = parse(renderTraefikStatic(tls)) as Static;

  test("requests by HTTP are redirected to the port outside, for good", () => {
    assert.deepEqual(file.entryPoints["web"]?.http, { redirections: { entryPoint: { to: ":443", scheme: "https", permanent: true } } });
    assert.deepEqual(Object.entries(file.entryPoints).map(([point, { address }]) => [point, address]), [["web", ":8000"], ["websecure", ":8443"], ["internal", ":8080"]]);
    assert.deepEqual(file.entryPoints["websecure"]?.transport, file.entryPoints["web"]?.transport);
    assert.ok(!renderTraefikStatic(tls).includes("insecure"));
  });

  test("certificates come from the ACME server, over HTTP, into the volume", () => {
    assert.deepEqual(file.certificatesResolvers, {
      acme: { acme: { email: "ops@example.com", caServer: "https://acme.example.com/directory", storage: "/var/lib/traefik/acme.json", keyType: "EC256", httpChallenge: { entryPoint: "web" } } },
    });
    const own = parse(renderTraefikStatic({ ...tls, authority: "-----BEGIN" })) as Static;
    assert.deepEqual(own.certificatesResolvers["acme"]?.acme["caCertificates"], ["/etc/berth/acme-authority.pem"]);
  });

  test("without it there is none of that", () => {
    const plain = parse(renderTraefikStatic()) as Static;
    assert.deepEqual([Object.keys(plain.entryPoints), plain.certificatesResolvers, plain.entryPoints["web"]?.http], [["web", "internal"], undefined, undefined]);
    assert.ok(!/tls|security/.test(renderShared(subnet).text));
  });

  test("every application answers by HTTPS only, with the headers; the internal routers stay as they are", () => {
    fc.assert(
      fc.property(routes, (of) => {
        const secure = dynamic(of, true);
        const plain = dynamic(of).http;
        for (const { name, host } of of) {
          assert.deepEqual(secure.http.routers[name], { rule: `Host(\`${host}\`)`, service: name, entryPoints: ["websecure"], middlewares: ["security"], tls: { certResolver: "acme" } });
        }
        assert.deepEqual(secure.http.services, plain.services);
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
    const { stsSeconds, stsIncludeSubdomains, contentTypeNosniff, frameDeny } = http.middlewares.security.headers;
    assert.deepEqual([stsSeconds, stsIncludeSubdomains, contentTypeNosniff, frameDeny], [63_072_000, true, true, true]);
  });
});

test("an address has the port that a browser would not guess, and https where there is a port for it", () => {
  assert.deepEqual(
    [addressOf({ http: 80 }), addressOf({ http: 8080 }), addressOf({ http: 80, https: 443 }), addressOf({ http: 80, https: 8443 })].map((of) => of("shop.example.com")),
    ["http://shop.example.com", "http://shop.example.com:8080", "https://shop.example.com", "https://shop.example.com:8443"],
  );
});
