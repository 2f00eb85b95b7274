import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parse } from "yaml";
import { renderShared } from "../../../../components/traefik/route-config.ts";
import { addressOf, renderTraefikStatic, routesDirectory } from "../../../../components/traefik/traefik-config.ts";

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

  test("gives an upload of 100 MB at 1 MB/s the time that it needs, and other times where the stack file says so", () => {
    const times = (...args: Parameters<typeof renderTraefikStatic>) => {
      const { entryPoints } = parse(renderTraefikStatic(...args)) as { entryPoints: Record<string, { transport?: { respondingTimeouts: object } }> };
      return Object.values(entryPoints).flatMap(({ transport }) => transport?.respondingTimeouts ?? []);
    };
    assert.deepEqual(times(), [{ readTimeout: "10m" }]);
    assert.deepEqual(times(undefined, { readTimeout: "1h", writeTimeout: "30s", idleTimeout: "5m" }), [{ readTimeout: "1h", writeTimeout: "30s", idleTimeout: "5m" }]);
  });

  test("trusts the forwarded headers of the proxies that the stack file names, on each way in", () => {
    const tls = { port: 443, email: "ops@example.com", server: "https://acme.example.com/directory" };
    const { entryPoints } = parse(renderTraefikStatic(tls, { trustedProxies: ["10.0.0.0/8"] })) as { entryPoints: Record<string, { forwardedHeaders?: object }> };
    const trusted = { trustedIPs: ["10.0.0.0/8"] };
    assert.deepEqual(Object.entries(entryPoints).map(([name, { forwardedHeaders }]) => [name, forwardedHeaders]), [["web", trusted], ["websecure", trusted], ["internal", undefined]]);
  });

  test("gives running requests less time than its container has to stop", () => {
    const { web } = file["entryPoints"] as { web: { transport: { lifeCycle: { graceTimeOut: string } } } };
    assert.ok(Number.parseInt(web.transport.lifeCycle.graceTimeOut, 10) < 30);
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
    const { httpChallenge: _, ...alike } = file.certificatesResolvers["acme"]?.acme ?? {};
    const handshake = parse(renderTraefikStatic({ ...tls, challenge: "tls-alpn" })) as Static;
    assert.deepEqual(handshake.certificatesResolvers["acme"]?.acme, { ...alike, tlsChallenge: {} });
    const own = parse(renderTraefikStatic({ ...tls, authority: "-----BEGIN" })) as Static;
    assert.deepEqual(own.certificatesResolvers["acme"]?.acme["caCertificates"], ["/etc/berth/acme-authority.pem"]);
  });

  test("without it there is none of that", () => {
    const plain = parse(renderTraefikStatic()) as Static;
    assert.deepEqual([Object.keys(plain.entryPoints), plain.certificatesResolvers, plain.entryPoints["web"]?.http], [["web", "internal"], undefined, undefined]);
    assert.ok(!/tls|security/.test(renderShared("10.2.0.0/24").text));
  });
});

test("an address has the port that a browser would not guess, and https where there is a port for it", () => {
  assert.deepEqual(
    [addressOf({ http: 80 }), addressOf({ http: 8080 }), addressOf({ http: 80, https: 443 }), addressOf({ http: 80, https: 8443 })].map((of) => of("shop.example.com")),
    ["http://shop.example.com", "http://shop.example.com:8080", "https://shop.example.com", "https://shop.example.com:8443"],
  );
});
