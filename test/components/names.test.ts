import assert from "node:assert/strict";
import { describe, test } from "node:test";
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import {
  Application,
  DeveloperTools,
  Image,
  Monitoring,
  Networks,
  PlatformImages,
  Postgres,
  Redis,
  Registry,
  Routes,
  Snapshots,
  Tools,
  Traefik,
} from "../../components/index.ts";
import lock from "../../config/images.lock.json" with { type: "json" };
import { least, registry, toolsSource } from "./application-program.ts";
import { onHost, platform } from "./platform.ts";
import { type Recorded, record } from "./recorder.ts";

// Two of each component in one stack. Shows that no name is taken twice; not that two of them make sense: two Traefiks
// can't publish the same port.

type Options = ReturnType<typeof onHost>;

const network = (name: string) => ({ name: pulumi.output(name), id: pulumi.output(`${name}-id`) });
const pull = () => new docker.Provider("pull", { host: "unix:///test.sock" });
const postgres = (name: string, on: Options) => new Postgres(name, { platform, network: { name: "data", nobody: "10.9.0.1" }, memory: 512, connections: 100 }, on);
const redis = (name: string, on: Options) => new Redis(name, { platform, networks: ["monitoring"], users: ["shop"], memory: 128 }, on);
const tools = (name: string, pullProvider: docker.Provider, on: Options) => new Tools(name, { platform, registry, pullProvider, source: toolsSource }, on);
const traefik = (name: string, on: Options) =>
  new Traefik(name, { platform, publicNetwork: "public", edgeNetwork: "edge", monitoringNetwork: "monitoring", publish: { address: "127.0.0.1", http: 8080 } }, on);

/** What both instances share, made once. */
interface Shared {
  on: Options;
  pullProvider: docker.Provider;
  postgres: Postgres;
  redis: Redis;
  tools: Tools;
}

const s3 = { bucket: "acme", endpoint: "s3.example.com", region: "eu-1", uriStyle: "host" as const, verifyTls: true };
const cron = { full: "30 2 * * 0", differential: "30 2 * * 1-6", drill: "30 4 * * 6", timeZone: "UTC" };

const components: Record<string, (name: string, shared: Shared) => unknown> = {
  Postgres: (name, { on, pullProvider, tools: shared }) =>
    new Postgres(
      name,
      {
        platform,
        network: { name: "data", nobody: "10.9.0.1" },
        memory: 512,
        connections: 100,
        backup: { ...cron, target: { s3 }, keep: { full: 2, differential: 7 }, registry, pullProvider, baseImage: "postgres:17", source: { context: "/berth/images/postgres" }, tools: shared, network: "monitoring" },
      },
      on,
    ),
  Snapshots: (name, { on, pullProvider, tools: shared }) =>
    new Snapshots(name, { ...cron, platform, target: { s3 }, keep: { full: 2, differential: 7 }, registry, pullProvider, baseImage: "redis:8.0", source: { context: "/berth/images/snapshots" }, tools: shared, sources: ["redis"], redisMemory: 128, network: "monitoring" }, on).schedule({ redis: "data" }),
  Redis: (name, { on }) => redis(name, on),
  Traefik: (name, { on }) => traefik(name, on),
  Routes: (name, { on }) => new Routes(name, { platform, traefik: traefik(`${name}-traefik`, on), routes: [], monitoringSubnet: "10.2.0.0/24" }, on),
  Registry: (name, { on }) => new Registry(name, { platform, port: 5555 }, on),
  Tools: (name, { on, pullProvider }) => tools(name, pullProvider, on).mount(),
  Image: (name, { on, pullProvider }) => new Image(name, { registry, repository: "shop", context: "/apps/shop", pullProvider }, on),
  Networks: (name, { on }) => new Networks(name, { platform, apps: ["shop"], egress: true }, on),
  PlatformImages: (name, { on }) => new PlatformImages(name, { references: lock }, on).pull("redis"),
  DeveloperTools: (name, { on }) =>
    new DeveloperTools(name, { platform, edgeNetwork: "edge", postgres: { network: "data", server: "postgres-server" }, appNetworks: ["shop"], databases: "adminer.localhost", mail: "mail.localhost" }, on),
  Monitoring: (name, { on, ...shared }) =>
    new Monitoring(
      name,
      {
        platform,
        network: "monitoring",
        postgres: shared.postgres,
        redis: shared.redis,
        retention: "15d",
        alerts: { webhook: true, webhookUrl: "https://hook.example", network: "egress" },
        grafana: { host: "grafana.localhost", url: "http://grafana.localhost" },
        logs: { port: 24224, retention: "14d", tools: shared.tools },
      },
      on,
    ),
  Application: (name, { on, ...shared }) => {
    const definition = { ...least, worker: { health: ["shop", "alive"] }, workers: { mail: { health: ["shop", "alive"] } }, cache: true, database: true, jobs: { migrate: ["shop", "migrate"] }, schedules: { tidy: { cron: "0 3 * * *", command: ["shop", "tidy"] } }, volumes: { data: "/data" } };
    const parts = { platform, registry, ...shared, redis: new Redis(`${name}-redis`, { platform, networks: [], users: [name], memory: 128 }, on) };
    return new Application(name, { ...parts, definition, networks: { edge: network("edge"), own: network(name), egress: undefined }, host: `${name}.localhost`, replicas: 2, memory: 128, cpus: 1, env: {}, secrets: {} }, on);
  },
};

/** Names that the Docker host has for all that is on it. */
function hostNames(resources: Recorded[]): string[] {
  const kinds = ["docker:index/volume:Volume", "docker:index/network:Network", "docker:index/container:Container"];
  return resources.flatMap(({ type, inputs }) => (kinds.includes(type) && typeof inputs["name"] === "string" ? [`${type} ${inputs["name"]}`] : []));
}

/** `network alias` of every container. */
function aliases(resources: Recorded[]): string[] {
  return resources.flatMap(({ inputs }) => ((inputs["networksAdvanced"] ?? []) as { name: string; aliases?: string[] }[]).flatMap(({ name, aliases: given = [] }) => given.map((alias) => `${name} ${alias}`)));
}

const twice = (names: string[]) => names.filter((name, index) => names.indexOf(name) !== index);

describe("two of a component in one stack", () => {
  for (const [component, make] of Object.entries(components)) {
    test(`${component}: share no name, and each child's name begins with its parent's`, async () => {
      // Two resources of one URN fail in the recorder.
      const { resources } = await record(() => {
        const on = onHost();
        const pullProvider = pull();
        const shared = { on, pullProvider, postgres: postgres("postgres", on), redis: redis("redis", on), tools: tools("tools", pullProvider, on) };
        for (const name of ["one", "two"]) make(name, shared);
      });
      assert.deepEqual(twice(hostNames(resources)), []);
      // Replicas and workers of one application share a name on purpose.
      if (component !== "Application") assert.deepEqual(twice(aliases(resources)), []);
      const stray = resources.filter(({ name, parent }) => parent !== undefined && parent !== "berth-test" && !name.startsWith(parent));
      assert.deepEqual(stray.map(({ name, parent }) => `${name} below ${parent}`), []);
      for (const name of ["one", "two"]) assert.ok(resources.some((resource) => resource.name.startsWith(name)), name);
    });
  }
});
