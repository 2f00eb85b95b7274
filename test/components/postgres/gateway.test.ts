import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Gateway } from "../../../components/postgres/gateway.ts";
import { renderGatewayConfig } from "../../../components/postgres/gateway-config.ts";
import { Postgres } from "../../../components/postgres/postgres.ts";
import { child, customs, filesVolume, hardening, health, labels, onHost, platform } from "../platform.ts";
import { record, type Recorded } from "../recorder.ts";
import { recordStack, stackFile } from "../stack-program.ts";

describe("the gateway of an application to Postgres", () => {
  const make = () => {
    const on = onHost();
    const postgres = new Postgres("postgres", { platform, network: { name: "data", nobody: "10.9.0.1" }, memory: 512, connections: 50 }, on);
    for (const app of ["shop", "cart"]) new Gateway(`${app}-gateway`, { platform, postgres, network: `app-${app}` }, on);
  };

  test("is HAProxy, `postgres` on the application's network, on the server's without a name; a new one is there before the old one leaves", async () => {
    const { resources } = await record(make);
    assert.deepEqual(customs(resources).filter((name) => name.includes("shop")), ["Container shop-gateway"]);
    const gateway = child(resources, "Container", "shop-gateway");
    assert.deepEqual(gateway.inputs, {
      image: "gateway@sha256:1",
      entrypoints: ["haproxy"],
      command: ["-db", "-f", "/etc/berth/haproxy.cfg"],
      user: "99:99",
      mounts: [{ type: "volume", source: filesVolume("postgres-gateway-config"), target: "/etc/berth", readOnly: true }],
      networksAdvanced: [{ name: "app-shop", aliases: ["postgres"] }, { name: "data" }],
      labels: labels("shop-gateway"),
      stopSignal: "SIGTERM",
      healthcheck: health(["CMD", "wget", "-q", "-T", "4", "-O", "/dev/null", "http://127.0.0.1:8404/"]),
      wait: true,
      waitTimeout: 60,
      restart: "unless-stopped",
      stopTimeout: 10,
      destroyGraceSeconds: 10,
      ...hardening({ memory: 32, cpus: "1.0" }),
    });
    assert.equal(gateway.deleteBeforeReplace, false);
    const content = renderGatewayConfig({ server: "postgres-server", port: 5432, nobody: "10.9.0.1" });
    assert.deepEqual(child(resources, "Container", "postgres-gateway-config-filler").inputs["uploads"], [{ file: "/files/haproxy.cfg", content, permissions: "0444" }]);
  });

  test("waits for no server: it is made beside it, and takes connections before the server does", async () => {
    const { resources } = await record(make);
    assert.deepEqual(child(resources, "Container", "shop-gateway").dependsOn.filter((name) => name === "postgres"), []);
  });
});

/** What would make the engine touch a resource: all but what it waits for. */
const asked = (resource: Recorded) => JSON.stringify({ ...resource, urn: "", dependsOn: [] });

test("a further application with a database is new resources: Postgres, its gateways and the other applications run on", async () => {
  const apps = stackFile("dev")["berth:apps"] as Record<string, object>;
  const { resources: before } = await recordStack("dev");
  const { resources: now } = await recordStack("dev", { "berth:apps": { ...apps, another: { folder: "root" } } });
  const after = new Map(now.map((resource) => [resource.urn, resource]));
  for (const name of ["another-gateway", "another-web-0", "another-database"]) assert.ok(now.some((resource) => resource.name === name), name);
  const changed = before.filter((resource) => asked(resource) !== asked(after.get(resource.urn) ?? { ...resource, name: "gone" }));
  const restarted = changed.filter(({ inputs }) => inputs["restart"] === "unless-stopped").map(({ name }) => name);
  // Both join each application's network: the one asks it for metrics, the other takes its mail.
  assert.deepEqual(restarted.toSorted(), ["mail", "prometheus"]);
});
