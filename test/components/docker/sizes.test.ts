import assert from "node:assert/strict";
import { describe, test } from "node:test";
import * as docker from "@pulumi/docker";
import { DeveloperTools, Monitoring, type Platform, Postgres, Redis, Registry, Tools, Traefik } from "../../../components/index.ts";
import { Gateway } from "../../../components/postgres/gateway.ts";
import { type SizedPart, sizedParts } from "../../../components/docker/sizes.ts";
import { registry, toolsSource } from "../application-program.ts";
import { onHost, platform } from "../platform.ts";
import { record } from "../recorder.ts";

/** A stack with every part that has a size. */
async function limitsOf(sizes?: Platform["sizes"]): Promise<Record<string, unknown[]>> {
  const { resources } = await record(() => {
    const on = onHost();
    const sized = { ...platform, ...(sizes !== undefined && { sizes }) };
    const shared = { postgres: new Postgres("postgres", { platform: sized, network: { name: "data", nobody: "10.9.0.1" }, memory: 512, connections: 100 }, on), redis: new Redis("redis", { platform: sized, networks: [], users: [], memory: 128 }, on) };
    const tools = new Tools("tools", { platform: sized, registry, pullProvider: new docker.Provider("pull", { host: "unix:///test.sock" }), source: toolsSource }, on);
    new Traefik("traefik", { platform: sized, publicNetwork: "public", edgeNetwork: "edge", monitoringNetwork: "monitoring", publish: { address: "127.0.0.1", http: 8080 } }, on);
    new Gateway("gateway", { platform: sized, postgres: shared.postgres, network: "shop" }, on);
    new Registry("registry", { platform: sized, port: 5555 }, on);
    new DeveloperTools("developer", { platform: sized, named: (part) => part, edgeNetwork: "edge", postgres: { network: "data", server: "postgres-server" }, appNetworks: ["shop"], databases: "adminer.localhost", mail: "mail.localhost" }, on);
    const alerts = { webhook: true, webhookUrl: "https://hook.example", network: "egress" };
    new Monitoring("monitoring", { ...shared, platform: sized, named: (part) => part, network: "monitoring", retention: "15d", alerts, grafana: { host: "grafana.localhost", url: "http://grafana.localhost" }, logs: { port: 24224, retention: "14d", tools } }, on);
  });
  const containers = resources.filter(({ type, inputs }) => type === "docker:index/container:Container" && inputs["wait"] === true);
  return Object.fromEntries(containers.map(({ name, inputs }) => [name, [inputs["memory"], inputs["memorySwap"], Number(inputs["cpus"])]]));
}

const containerOf: Record<SizedPart, string> = {
  traefik: "traefik",
  registry: "registry",
  gateway: "gateway",
  prometheus: "prometheus",
  alertmanager: "alertmanager",
  grafana: "grafana",
  loki: "loki",
  logCollector: "log-collector",
  nodeExporter: "node-exporter",
  postgresExporter: "postgres-exporter",
  redisExporter: "redis-exporter",
  adminer: "adminer",
  maildev: "mail",
};
const parts = Object.entries(containerOf) as [SizedPart, string][];

describe("the size of each part", () => {
  test("is the usual one where the stack says nothing, and no part is without", async () => {
    const limits = await limitsOf();
    for (const [part, container] of parts) assert.deepEqual(limits[container], [sizedParts[part].memory, sizedParts[part].memory, sizedParts[part].cpus], part);
    assert.deepEqual(Object.keys(limits).toSorted(), [...Object.values(containerOf), "postgres", "redis"].toSorted());
  });

  test("is the stack's where it gives one, memory or cores alone too", async () => {
    const sizes = Object.fromEntries(parts.map(([part], index) => [part, { memory: 1000 + index, cpus: 2 + index }])) as Platform["sizes"];
    const limits = await limitsOf(sizes);
    for (const [index, [part, container]] of parts.entries()) assert.deepEqual(limits[container], [1000 + index, 1000 + index, 2 + index], part);
    const { traefik, loki } = await limitsOf({ traefik: { memory: 1024 }, loki: { cpus: 4 } });
    assert.deepEqual([traefik, loki], [[1024, 1024, 1], [512, 512, 4]]);
  });
});
