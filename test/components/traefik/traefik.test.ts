import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Routes } from "../../../components/traefik/routes.ts";
import { Traefik } from "../../../components/traefik/traefik.ts";
import { cutOverScript, writeScript } from "../../../components/traefik/cut-over.ts";
import { attemptMark, renderNames, renderNext, renderRoute, renderShared, type Route } from "../../../components/traefik/route-config.ts";
import { renderTraefikStatic } from "../../../components/traefik/traefik-config.ts";
import { child, customs, filesVolume, hardening, health, labels, onceSettings, onHost, platform } from "../platform.ts";
import { type Recorded, record } from "../recorder.ts";

const args = { platform, publicNetwork: "public", edgeNetwork: "edge", monitoringNetwork: "monitoring", publish: { address: "127.0.0.1", http: 8080 } };
const route: Route = { name: "shop", host: "shop.localhost", servers: ["shop-0", "shop-1"], port: 3000, healthPath: "/health" };
const routesMount = (readOnly: boolean) => ({ type: "volume", source: "berth-test-traefik-routes", target: "/etc/traefik/routes", readOnly });

describe("Traefik", () => {
  test("is a volume for its routes, its configuration and the server", async () => {
    const { resources } = await record(() => new Traefik("traefik", args, onHost()));
    assert.deepEqual(customs(resources), [
      "Container traefik",
      "Container traefik-config-filler",
      "Container traefik-routes-owner",
      "RandomId traefik-config-version",
      "Volume traefik-config-volume",
      "Volume traefik-routes-volume",
    ]);
    assert.deepEqual(child(resources, "Container", "traefik-config-filler").inputs["uploads"], [
      { file: "/files/traefik.yml", content: renderTraefikStatic(), permissions: "0444" },
    ]);
  });

  test("publishes its one port, reads its routes only, and has no Docker socket", async () => {
    const { resources } = await record(() => new Traefik("traefik", args, onHost()));
    const server = child(resources, "Container", "traefik");
    assert.deepEqual(server.inputs, {
      image: "traefik@sha256:1",
      entrypoints: ["traefik"],
      command: ["--configFile=/etc/berth/traefik.yml"],
      user: "65532:65532",
      mounts: [{ type: "volume", source: filesVolume("traefik-config"), target: "/etc/berth", readOnly: true }, routesMount(true)],
      networksAdvanced: [{ name: "public" }, { name: "edge", aliases: ["traefik"] }, { name: "monitoring", aliases: ["traefik"] }],
      ports: [{ internal: 8000, external: 8080, ip: "127.0.0.1", protocol: "tcp" }],
      labels: labels("traefik"),
      healthcheck: health(["CMD", "traefik", "healthcheck", "--configFile=/etc/berth/traefik.yml"]),
      wait: true,
      waitTimeout: 60,
      restart: "unless-stopped",
      stopTimeout: 30,
      destroyGraceSeconds: 30,
      ...hardening({ memory: 256, cpus: "1.0" }),
    });
    assert.deepEqual([server.deleteBeforeReplace, server.parent, server.provider], [true, "traefik", "host"]);
  });
});

describe("Traefik with HTTPS", () => {
  const tls = { email: "ops@example.com", server: "https://acme.example.com/directory" };
  const publish = { ...args.publish, https: 8443 };
  const make = (more: object, host?: ReturnType<typeof onHost>) => new Traefik("traefik", { ...args, publish, tls: { ...tls, ...more } }, host ?? onHost());

  test("publishes both ports and keeps its certificates in a volume of data", async () => {
    const { resources } = await record(() => make({}));
    const server = child(resources, "Container", "traefik");
    assert.deepEqual(server.inputs["ports"], [
      { internal: 8000, external: 8080, ip: "127.0.0.1", protocol: "tcp" },
      { internal: 8443, external: 8443, ip: "127.0.0.1", protocol: "tcp" },
    ]);
    assert.deepEqual((server.inputs["mounts"] as unknown[]).at(-1), { type: "volume", source: "berth-test-traefik-certificates", target: "/var/lib/traefik", readOnly: false });
    const volume = child(resources, "Volume", "traefik-certificates-volume");
    assert.deepEqual([volume.protect, volume.retainOnDelete], [false, true]);
    assert.deepEqual(child(resources, "Container", "traefik-config-filler").inputs["uploads"], [
      { file: "/files/traefik.yml", content: renderTraefikStatic({ ...tls, port: 8443 }), permissions: "0444" },
    ]);
  });

  test("trusts the authority of a private ACME server", async () => {
    const { resources } = await record(() => make({ authority: "the authority" }));
    const uploads = child(resources, "Container", "traefik-config-filler").inputs["uploads"] as { file: string; content: string }[];
    assert.deepEqual(uploads.map(({ file }) => file), ["/files/traefik.yml", "/files/acme-authority.pem"]);
    assert.equal(uploads[1]?.content, "the authority");
  });

  test("gives routes that are secure", async () => {
    const { resources } = await record(() => {
      const host = onHost();
      return new Routes("routes", { platform, traefik: make({}, host), routes: [route], monitoringSubnet: "10.2.0.0/24" }, host);
    });
    const written = (job: string) => (child(resources, "Container", job).inputs["command"] as string[]).slice(3, 5);
    assert.deepEqual(written("routes-shared"), Object.values(renderShared("10.2.0.0/24", true)));
    const [, , name, ...words] = child(resources, "Container", "route-shop").inputs["command"] as string[];
    assert.deepEqual([name, ...words.slice(0, 6)], ["shop", ...Object.values(renderRoute(route, true)), renderNext(route, true), attemptMark, "shop.localhost", "https"]);
  });
});

describe("routes", () => {
  const waitsFor = (resources: Recorded[], job: string) => resources.find(({ type, name }) => type === "berth:index:Job" && name === job)?.dependsOn ?? [];
  const make = (routes: Route[]) => () => {
    const host = onHost();
    return new Routes("routes", { platform, traefik: new Traefik("traefik", args, host), routes, monitoringSubnet: "10.2.0.0/24" }, host);
  };

  const api = "http://traefik.monitoring:8080";

  test("are a job each, that has the servers checked before it writes the rendered file", async () => {
    const { resources } = await record(make([route]));
    const job = child(resources, "Container", "route-shop");
    const { command, ...inputs } = job.inputs;
    assert.deepEqual(inputs, {
      image: "traefik@sha256:1",
      entrypoints: ["/bin/sh", "-ec"],
      user: "65532:65532",
      mounts: [routesMount(false)],
      networksAdvanced: [{ name: "monitoring" }, { name: "edge" }],
      labels: labels("job"),
      ...onceSettings,
      ...hardening({ memory: 128 }),
    });
    const { text, revision } = renderRoute(route);
    const servers = ["http://shop-0:3000", "http://shop-1:3000"];
    assert.deepEqual(command, [cutOverScript(api), "routes", "shop", text, revision, renderNext(route), attemptMark, "shop.localhost", "http", "/health", "[23]??", ...servers]);
    assert.deepEqual([job.deleteBeforeReplace, job.parent, job.provider], [false, "route-shop", "host"]);
  });

  test("are asked by HTTPS behind a proxy that ends it, though Traefik itself has none", async () => {
    const { resources } = await record(() => {
      const host = onHost();
      const traefik = new Traefik("traefik", { ...args, publish: { ...args.publish, trustedProxies: ["10.0.0.0/8"] } }, host);
      return new Routes("routes", { platform, traefik, routes: [route], monitoringSubnet: "10.2.0.0/24" }, host);
    });
    const command = child(resources, "Container", "route-shop").inputs["command"] as string[];
    assert.deepEqual([command[3], command[8]], [renderRoute({ ...route, scheme: "https" }).text, "https"]);
    assert.match(command[3] ?? "", /X-Forwarded-Proto: https/);
    assert.match((child(resources, "Container", "traefik-config-filler").inputs["uploads"] as { content: string }[])[0]?.content ?? "", /trustedIPs:\n\s+- 10\.0\.0\.0\/8/);
  });

  test("without a health path have their servers asked for a connection; one with a status of its own is asked for that", async () => {
    const { resources } = await record(make([{ ...route, healthPath: undefined }, { ...route, name: "private", healthStatus: 401 }]));
    const asked = (name: string) => (child(resources, "Container", `route-${name}`).inputs["command"] as string[]).slice(9, 11);
    assert.deepEqual([asked("shop"), asked("private")], [["none", "[23]??"], ["/health", "401"]]);
  });

  test("wait for what they share and for no other route; the last job waits for all, and leaves no other file", async () => {
    const { resources } = await record(make([route, { ...route, name: "blog", servers: ["blog-0"] }]));
    const jobs = ["routes-shared", "route-shop", "route-blog", "routes-write"];
    const waits = (job: string) => waitsFor(resources, job).filter((name) => name === "traefik" || jobs.includes(name)).toSorted();
    assert.deepEqual(jobs.map(waits), [["traefik"], ["routes-shared"], ["routes-shared"], ["route-blog", "route-shop"]]);
    const { text, revision } = renderNames(["blog", "shop"]);
    assert.deepEqual(child(resources, "Container", "routes-write").inputs["command"], [writeScript(api), "routes", "routes.yml", text, revision, "shared.yml", "routes.yml", "route-blog.yml", "route-shop.yml"]);
  });

  test("change for one application alone where its servers change", async () => {
    const of = async (servers: string[]) => (await record(make([{ ...route, servers }, { ...route, name: "blog" }]))).resources;
    const [before, later] = [await of(["shop-0"]), await of(["shop-9"])];
    const command = (resources: typeof before, job: string) => child(resources, "Container", job).inputs["command"];
    assert.notDeepEqual(command(before, "route-shop"), command(later, "route-shop"));
    for (const job of ["routes-shared", "route-blog", "routes-write"]) assert.deepEqual(command(before, job), command(later, job), job);
  });

  test("are written for a stack without applications too", async () => {
    const { resources } = await record(make([]));
    const command = child(resources, "Container", "routes-write").inputs["command"] as string[];
    assert.deepEqual(command.slice(1), ["routes", "routes.yml", ...Object.values(renderNames([])), "shared.yml", "routes.yml"]);
    assert.ok(waitsFor(resources, "routes-write").includes("routes-shared"));
  });
});
