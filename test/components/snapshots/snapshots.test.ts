import assert from "node:assert/strict";
import { describe, test } from "node:test";
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { Tools } from "../../../components/docker/tools.ts";
import { renderSnapshotEnv } from "../../../components/snapshots/snapshot-config.ts";
import { Snapshots, type SnapshotsArgs } from "../../../components/snapshots/snapshots.ts";
import { registry, toolsSource } from "../application-program.ts";
import { pathsOf } from "../inputs.ts";
import { child, customs, filesVolume, hardening, labels, onceSettings, onHost, platform } from "../platform.ts";
import { type Recorded, record } from "../recorder.ts";

const s3 = { bucket: "acme-backups", endpoint: "s3.example.com", region: "eu-1", uriStyle: "host" as const, verifyTls: true };
const keep = { full: 2, differential: 7 };
const sources = ["redis", "shop/data"];

const program = (args: Partial<SnapshotsArgs> = {}) => () => {
  const host = onHost();
  const pullProvider = new docker.Provider("pull", { host: "unix:///test.sock" });
  const tools = new Tools("tools", { platform, registry, pullProvider, source: toolsSource }, host);
  const times = { full: "30 2 * * 0", differential: "30 2 * * 1-6", drill: "30 4 * * 6", timeZone: "Europe/Vienna" };
  const whole: SnapshotsArgs = { platform, registry, pullProvider, tools, ...times, target: "volume", keep, sources, baseImage: "redis:8.0", source: { context: "/berth/images/snapshots" }, redisMemory: 1024, network: "monitoring", ...args };
  const snapshots = new Snapshots("snapshots", whole, host);
  snapshots.schedule({ redis: "berth-test-redis-data", "shop/data": "berth-test-shop-volume-data" });
  return snapshots;
};
const recorded = (args: Partial<SnapshotsArgs> = {}) => record(program(args));

const mount = (source: string, target: string, readOnly: boolean) => ({ type: "volume", source, target, readOnly });
const secrets = mount(filesVolume("snapshots-secrets"), "/run/restic", true);
const env = Object.entries(renderSnapshotEnv({ target: "volume", prefix: "berth-test", keep, encrypted: false, sources })).map(([name, value]) => `${name}=${value}`).toSorted();
const tmpfs = { "/tmp": "rw,noexec,nosuid,nodev,size=64m,mode=1777", "/data": "rw,noexec,nosuid,nodev,size=1m,mode=1777" };
const waitsFor = (resources: Recorded[], type: string, name: string) => resources.find((resource) => resource.type === `berth:index:${type}` && resource.name === name)?.dependsOn ?? [];

describe("snapshots of Redis and of volumes", () => {
  test("are an image, a repository that is kept, a job that makes it, and three schedules", async () => {
    const { resources } = await recorded();
    const containers = customs(resources).filter((name) => /^(Container|Volume|Image|Network) snapshots/.test(name) && !/filler|crontab/.test(name));
    assert.deepEqual(containers, [
      "Container snapshots-differential",
      "Container snapshots-drill",
      "Container snapshots-drill-owner",
      "Container snapshots-full",
      "Container snapshots-init",
      "Container snapshots-metrics-owner",
      "Container snapshots-repository-owner",
      "Image snapshots-image",
      "Volume snapshots-drill-volume",
      "Volume snapshots-metrics-volume",
      "Volume snapshots-repository-volume",
      "Volume snapshots-secrets-volume",
    ]);
    const kept = resources.filter(({ retainOnDelete, type }) => retainOnDelete && type.endsWith(":Volume")).map(({ inputs }) => inputs["name"]);
    assert.deepEqual(kept, ["berth-test-snapshots-repository"]);
    const image = child(resources, "Image", "snapshots-image").inputs as { buildArgs: object; tags: string[] };
    assert.deepEqual([image.buildArgs, image.tags], [{ BASE: "redis:8.0" }, ["ghcr.io/acme/berth-snapshots:build"]]);
  });

  test("begin with the repository, which a job without network and capabilities makes or opens", async () => {
    const { resources } = await recorded();
    assert.deepEqual(child(resources, "Container", "snapshots-init").inputs, {
      image: child(resources, "RemoteImage", "snapshots-image-pulled").inputs["name"],
      entrypoints: ["berth-snapshots"],
      command: ["init"],
      envs: env,
      user: "0:0",
      mounts: [secrets, mount("berth-test-snapshots-repository", "/var/lib/restic", false)],
      networkMode: "none",
      labels: labels("job"),
      ...onceSettings,
      ...hardening({ memory: 256 }),
    });
    for (const kind of ["full", "differential", "drill"]) assert.deepEqual(waitsFor(resources, "Schedule", `snapshots-${kind}`), ["snapshots-init"], kind);
  });

  for (const [kind, crontab] of [
    ["full", "30 2 * * 0 exec berth-snapshots backup full\n"],
    ["differential", "30 2 * * 1-6 exec berth-snapshots backup diff\n"],
    ["drill", "30 4 * * 6 exec berth-snapshots drill\n"],
  ] as const) {
    const drills = kind === "drill";
    test(`have a schedule "${kind}" that ${drills ? "mounts no source, and only reads the repository" : "mounts each source read-only"}`, async () => {
      const { resources } = await recorded();
      const { inputs } = child(resources, "Container", `snapshots-${kind}`);
      assert.deepEqual(inputs["mounts"], [
        ...(drills ? [] : [mount("berth-test-redis-data", "/backup/redis", true), mount("berth-test-shop-volume-data", "/backup/shop/data", true)]),
        secrets,
        mount("berth-test-snapshots-repository", "/var/lib/restic", drills),
        mount("berth-test-snapshots-metrics", "/var/lib/berth-metrics", false),
        ...(drills ? [mount("berth-test-snapshots-drill", "/var/lib/berth-drill", false)] : []),
        mount("berth-test-tools", "/opt/berth", true),
        mount(filesVolume(`snapshots-${kind}-crontab`), "/etc/berth-schedule", true),
      ]);
      const settings = hardening({ memory: drills ? 1152 : 512, cpus: "1.0", processes: 4096, tmpfs, adds: drills ? ["CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER"] : ["CAP_DAC_OVERRIDE"] });
      for (const [name, value] of Object.entries(settings)) assert.deepEqual(inputs[name], value, name);
      assert.deepEqual([inputs["envs"], inputs["user"], inputs["networksAdvanced"]], [[...env, "TZ=Europe/Vienna"].toSorted(), "0:0", [{ name: "monitoring" }]]);
      assert.deepEqual(inputs["labels"], labels(`schedule-snapshots-${kind}`, "snapshots"));
      const [upload] = child(resources, "Container", `snapshots-${kind}-crontab-filler`).inputs["uploads"] as { content: string }[];
      assert.ok(upload?.content.endsWith(crontab), upload?.content);
    });
  }

  test("have passphrase and keys in files of their own, as secrets, and nowhere else; a bucket has a network, and no volume", async () => {
    const s3Keys = { key: pulumi.secret("password-of-bucket-key"), secret: pulumi.secret("password-of-bucket-secret") };
    const { resources } = await recorded({ target: { s3 }, key: pulumi.secret("password-of-backup-key"), s3Keys });
    const { inputs, secretInputs } = child(resources, "Container", "snapshots-secrets-filler");
    assert.deepEqual((inputs["uploads"] as { file: string }[]).map(({ file }) => file), ["/files/password", "/files/bucket"]);
    assert.deepEqual(secretInputs, ["uploads.0.content", "uploads.1.content"]);
    for (const hidden of ["password-of-bucket", "password-of-backup"]) {
      const shown = resources.flatMap((resource) => pathsOf(resource.inputs, hidden).map((path) => [resource.name, resource.secretInputs.some((of) => path.startsWith(of))] as const));
      assert.deepEqual([...new Set(shown.map(([name]) => name))].toSorted(), ["snapshots-secrets-filler", "snapshots-secrets-version"]);
      assert.ok(shown.every(([, secret]) => secret));
    }
    assert.ok(!customs(resources).includes("Volume snapshots-repository-volume"));
    assert.equal(child(resources, "Network", "snapshots-network").inputs["internal"], false);
    for (const name of ["snapshots-full", "snapshots-drill"]) assert.deepEqual(child(resources, "Container", name).inputs["networksAdvanced"], [{ name: "monitoring" }, { name: "berth-test-snapshots" }], name);
    assert.deepEqual(child(resources, "Container", "snapshots-init").inputs["networksAdvanced"], [{ name: "berth-test-snapshots" }]);
  });

  test("run an image that was built before by its digest", async () => {
    const built = `ghcr.io/acme/berth-snapshots@sha256:${"a".repeat(64)}`;
    const { resources, result } = await recorded({ source: { context: "/berth/images/snapshots", built } });
    assert.ok(!customs(resources).includes("Image snapshots-image"));
    assert.equal(await new Promise((resolve) => void result.image.apply(resolve)), built);
  });
});
