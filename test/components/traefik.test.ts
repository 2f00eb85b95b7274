import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { Routes } from "../../components/routes.ts";
import { Traefik } from "../../components/traefik.ts";
import { renderRoutes, renderTraefikStatic, revisionOf, type Route } from "../../components/traefik-config.ts";
import { child, customs, filesVolume, hardening, health, labels, onceSettings, onHost, platform } from "./platform.ts";
import { record } from "./recorder.ts";

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
  const folder = mkdtempSync(join(tmpdir(), "berth-tls-"));
  const pem = join(folder, "authority.pem");
  writeFileSync(pem, "the authority");
  after(() => rmSync(folder, { recursive: true }));
  const tls = { email: "ops@example.com", server: "https://acme.example.com/directory" };
  const publish = { ...args.publish, https: 8443 };
  const make = (more: object, host?: ReturnType<typeof onHost>) => new Traefik("traefik", { ...args, publish, tls: { ...tls, ...more } }, host ?? onHost());

  test("publishes both ports and keeps its certificates in a protected volume of data", async () => {
    const { resources } = await record(() => make({}));
    const server = child(resources, "Container", "traefik");
    assert.deepEqual(server.inputs["ports"], [
      { internal: 8000, external: 8080, ip: "127.0.0.1", protocol: "tcp" },
      { internal: 8443, external: 8443, ip: "127.0.0.1", protocol: "tcp" },
    ]);
    assert.deepEqual((server.inputs["mounts"] as unknown[]).at(-1), { type: "volume", source: "berth-test-traefik-certificates", target: "/var/lib/traefik", readOnly: false });
    const volume = child(resources, "Volume", "traefik-certificates-volume");
    assert.deepEqual([volume.protect, volume.retainOnDelete], [true, true]);
    assert.deepEqual(child(resources, "Container", "traefik-config-filler").inputs["uploads"], [
      { file: "/files/traefik.yml", content: renderTraefikStatic({ ...tls, port: 8443 }), permissions: "0444" },
    ]);
  });

  test("trusts the authority of a private ACME server", async () => {
    const { resources } = await record(() => make({ caCertificate: pem }));
    const uploads = child(resources, "Container", "traefik-config-filler").inputs["uploads"] as { file: string; content: string }[];
    assert.deepEqual(uploads.map(({ file }) => file), ["/files/traefik.yml", "/files/acme-authority.pem"]);
    assert.equal(uploads[1]?.content, "the authority");
  });

  test("gives routes that are secure", async () => {
    const { resources } = await record(() => {
      const host = onHost();
      return new Routes("routes", { platform, traefik: make({}, host), routes: [route], monitoringSubnet: "10.2.0.0/24" }, host);
    });
    const command = child(resources, "Container", "routes-write").inputs["command"] as string[];
    assert.deepEqual(command.slice(2, 4), [renderRoutes([route], "10.2.0.0/24", true), revisionOf([route], "10.2.0.0/24", true)]);
  });
});

describe("routes", () => {
  const make = (routes: Route[]) => () => {
    const host = onHost();
    return new Routes("routes", { platform, traefik: new Traefik("traefik", args, host), routes, monitoringSubnet: "10.2.0.0/24" }, host);
  };

  test("are one job that writes the rendered file and asks Traefik for its revision and each server", async () => {
    const { resources } = await record(make([route]));
    const job = child(resources, "Container", "routes-write");
    const { command, ...inputs } = job.inputs;
    assert.deepEqual(inputs, {
      image: "traefik@sha256:1",
      entrypoints: ["/bin/sh", "-ec"],
      user: "65532:65532",
      mounts: [routesMount(false)],
      networksAdvanced: [{ name: "monitoring" }],
      labels: labels("job"),
      ...onceSettings,
      ...hardening({ memory: 128 }),
    });
    const [script, ...rest] = command as string[];
    assert.match(script ?? "", /printf '%s' "\$1" > "\$file\.new"\nmv "\$file\.new" "\$file"/, "written beside the file and renamed");
    assert.deepEqual(rest, [
      "routes",
      renderRoutes([route], "10.2.0.0/24"),
      revisionOf([route], "10.2.0.0/24"),
      "shop@file=http://shop-0:3000",
      "shop@file=http://shop-1:3000",
    ]);
    assert.deepEqual([job.deleteBeforeReplace, job.parent, job.provider], [false, "routes-write", "host"]);
  });

  test("are written for a stack without applications too", async () => {
    const { resources } = await record(make([]));
    const command = child(resources, "Container", "routes-write").inputs["command"] as string[];
    assert.deepEqual(command.slice(1), ["routes", renderRoutes([], "10.2.0.0/24"), revisionOf([], "10.2.0.0/24")]);
  });
});
