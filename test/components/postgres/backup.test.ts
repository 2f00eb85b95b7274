import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { renderPgbackrestConf } from "../../../components/postgres/backup-config.ts";
import { Postgres, type PostgresBackup } from "../../../components/postgres/postgres.ts";
import { renderPgHba, renderPgIdent, renderPostgresConf } from "../../../components/postgres/postgres-config.ts";
import { Tools } from "../../../components/docker/tools.ts";
import { pathsOf } from "../inputs.ts";
import { child, customs, filesVolume, hardening, health, labels, onceSettings, onHost, platform } from "../platform.ts";
import { type Recorded, record } from "../recorder.ts";

const sizes = { memory: 512, connections: 50 };
const registry = { prefix: "ghcr.io/acme", address: "ghcr.io", username: "acme", password: pulumi.secret("hidden") };
const s3 = { bucket: "acme-backups", endpoint: "s3.example.com", region: "eu-1", uriStyle: "host" as const, verifyTls: true };
const keep = { full: 2, differential: 7 };
const data = "/var/lib/postgresql/data";

/** A server with backups on mocks, and without where `backup` is undefined. */
const program = (backup: Partial<PostgresBackup> | undefined) => () => {
  const host = onHost();
  const pullProvider = new docker.Provider("pull", { host: "unix:///test.sock" });
  const whole = backup === undefined ? undefined : (): PostgresBackup => ({
    target: "volume",
    keep,
    full: "30 2 * * 0",
    differential: "30 2 * * 1-6",
    drill: "30 4 * * 6",
    timeZone: "Europe/Vienna",
    registry,
    pullProvider,
    baseImage: "postgres:17-trixie",
    source: { context: "/berth/images/postgres", labels: { commit: "0f3c" } },
    tools: new Tools("tools", { platform, registry, pullProvider, source: { context: "/berth/images/tools" } }, host),
    network: "monitoring",
    networkName: "backup",
    ...backup,
  });
  return new Postgres("postgres", { platform, network: { name: "data", nobody: "10.9.0.1" }, ...sizes, backup: whole?.() }, host);
};

const recorded = (backup: Partial<PostgresBackup> | undefined = {}) => record(program(backup));

/** What a component waits for, and with it all of its children, which are registered below it. */
const waitsFor = (resources: Recorded[], type: string, name: string) => resources.find((resource) => resource.type === `berth:index:${type}` && resource.name === name)?.dependsOn ?? [];

const mount = (source: string, target: string, readOnly: boolean) => ({ type: "volume", source, target, readOnly });
const reach = [
  mount(filesVolume("postgres-backup-config"), "/etc/pgbackrest", true),
  mount(filesVolume("postgres-backup-secrets"), "/run/pgbackrest", true),
  mount("berth-test-postgres-backups", "/var/lib/pgbackrest", false),
];
const env = ["PGBACKREST_CONFIG=/etc/pgbackrest/pgbackrest.conf", "PGBACKREST_CONFIG_INCLUDE_PATH=/run/pgbackrest", "PGBACKREST_STANZA=main"];
const readData = [mount("berth-test-postgres-data", data, true), mount("berth-test-postgres-socket", "/var/run/postgresql", false)];

describe("Postgres with backups on a volume", () => {
  test("is what it is without, and the image, the repository, its preparation and its check, and the schedules", async () => {
    const without = customs((await record(program(undefined))).resources);
    const { resources } = await recorded();
    const more = customs(resources).filter((name) => !without.includes(name) && !/ tools/.test(name));
    assert.deepEqual(more, [
      "Container postgres-backup-check",
      "Container postgres-backup-config-filler",
      "Container postgres-backup-differential",
      "Container postgres-backup-differential-crontab-filler",
      "Container postgres-backup-drill",
      "Container postgres-backup-drill-crontab-filler",
      "Container postgres-backup-drill-owner",
      "Container postgres-backup-full",
      "Container postgres-backup-full-crontab-filler",
      "Container postgres-backup-metrics-owner",
      "Container postgres-backup-secrets-filler",
      "Container postgres-backup-stanza",
      "Container postgres-backups-owner",
      "Image postgres-backup-image",
      "RandomId postgres-backup-config-version",
      "RandomId postgres-backup-differential-crontab-version",
      "RandomId postgres-backup-drill-crontab-version",
      "RandomId postgres-backup-full-crontab-version",
      "RandomId postgres-backup-secrets-version",
            "RemoteImage postgres-backup-image-pulled",
      "Volume postgres-backup-config-volume",
      "Volume postgres-backup-differential-crontab-volume",
      "Volume postgres-backup-drill-crontab-volume",
      "Volume postgres-backup-drill-volume",
      "Volume postgres-backup-full-crontab-volume",
      "Volume postgres-backup-metrics-volume",
      "Volume postgres-backup-secrets-volume",
      "Volume postgres-backups-volume",
    ]);
    assert.deepEqual(without.filter((name) => !customs(resources).includes(name)), []);
  });

  test("runs the image with pgBackRest, archives, and mounts what that needs", async () => {
    const { resources } = await recorded();
    const image = child(resources, "Image", "postgres-backup-image").inputs as { context: { location: string }; buildArgs: object; tags: string[] };
    assert.match(image.context.location, /images\/postgres$/);
    assert.deepEqual([image.buildArgs, image.tags], [{ BASE: "postgres:17-trixie" }, ["ghcr.io/acme/berth-postgres:build"]]);
    const server = child(resources, "Container", "postgres");
    const plain = child((await record(program(undefined))).resources, "Container", "postgres");
    assert.deepEqual(server.inputs, {
      ...plain.inputs,
      image: child(resources, "RemoteImage", "postgres-backup-image-pulled").inputs["name"],
      envs: [...env, ...(plain.inputs["envs"] as string[])],
      mounts: [...(plain.inputs["mounts"] as object[]), ...reach],
    });
    assert.equal(server.deleteBeforeReplace, true);
    assert.ok(server.dependsOn.includes("postgres-backup-stanza"), "the repository is ready before the first segment");
    assert.deepEqual(child(resources, "Container", "postgres-config-filler").inputs["uploads"], [
      { file: "/files/postgresql.conf", content: renderPostgresConf({ ...sizes, archive: true }), permissions: "0444" },
      { file: "/files/pg_hba.conf", content: renderPgHba(), permissions: "0444" },
      { file: "/files/pg_ident.conf", content: renderPgIdent(), permissions: "0444" },
    ]);
  });

  test("runs an image that was built before by its digest, and builds none", async () => {
    const image = `ghcr.io/acme/berth-postgres@sha256:${"a".repeat(64)}`;
    const { resources, result } = await recorded({ source: { context: "/berth/images/postgres", built: image } });
    assert.deepEqual(customs(resources).filter((name) => name.startsWith("Image ")), ["Image tools-image"]);
    const pulled = child(resources, "RemoteImage", "postgres-backup-image-pulled");
    assert.deepEqual([pulled.inputs, pulled.provider], [{ name: image, keepLocally: true }, "pull"]);
    for (const name of ["postgres", "postgres-backup-stanza", "postgres-backup-full", "postgres-backup-drill"]) assert.equal(child(resources, "Container", name).inputs["image"], image, name);
    assert.equal(await new Promise((resolve) => void result.backupImage?.apply(resolve)), image);
    assert.equal((await record(program(undefined))).result.backupImage, undefined);
  });

  test("has its backups on a volume that is kept, and drills and metrics on others", async () => {
    const { resources, result } = await recorded();
    const flags = (name: string) => [child(resources, "Volume", name).protect, child(resources, "Volume", name).retainOnDelete];
    assert.deepEqual(flags("postgres-backups-volume"), [false, true]);
    assert.deepEqual([flags("postgres-backup-drill-volume"), flags("postgres-backup-metrics-volume")], [[false, false], [false, false]]);
    assert.equal(child(resources, "Volume", "postgres-backups-volume").inputs["name"], "berth-test-postgres-backups");
    assert.ok(result.metricFiles);
  });

  test("prepares the repository from the data alone, without network, before the server; in an image of another version not", async () => {
    const { resources } = await recorded();
    const stanza = child(resources, "Container", "postgres-backup-stanza");
    const [stanzaScript = ""] = stanza.inputs["command"] as string[];
    const programs = mkdtempSync(join(tmpdir(), "berth-programs-"));
    writeFileSync(join(programs, "berth-backup"), '#!/bin/sh\necho "ran $*"\n', { mode: 0o755 });
    const run = () => {
      const { status, stdout, stderr } = spawnSync("sh", ["-ec", stanzaScript.replaceAll("/usr/lib/postgresql/17/bin", programs)], { encoding: "utf8", env: { PATH: `${programs}:${process.env["PATH"]}` } });
      return { status, said: stdout + stderr };
    };
    assert.deepEqual(run(), { status: 1, said: `berth:images.postgresBackup has no ${programs}/postgres: take it out of the stack file, and the image is built\n` });
    writeFileSync(join(programs, "postgres"), "", { mode: 0o755 });
    assert.deepEqual(run(), { status: 0, said: "ran stanza\n" });
    rmSync(programs, { recursive: true });
    assert.deepEqual(stanza.inputs, {
      image: child(resources, "RemoteImage", "postgres-backup-image-pulled").inputs["name"],
      entrypoints: ["/bin/sh", "-ec"],
      command: [stanzaScript],
      envs: env,
      user: "999:999",
      mounts: [...readData, ...reach],
      networkMode: "none",
      labels: labels("job"),
      ...onceSettings,
      ...hardening({ memory: 128, processes: 4096 }),
    });
    assert.deepEqual(waitsFor(resources, "Job", "postgres-backup-stanza"), ["postgres-init"]);
  });

  test("checks once the server is there that its log arrives", async () => {
    const { resources } = await recorded();
    const check = child(resources, "Container", "postgres-backup-check");
    assert.deepEqual(check.inputs, {
      image: child(resources, "RemoteImage", "postgres-backup-image-pulled").inputs["name"],
      entrypoints: ["berth-backup"],
      command: ["check"],
      envs: env,
      user: "999:999",
      mounts: [...readData, ...reach, mount("berth-test-postgres-backup-metrics", "/var/lib/berth-metrics", false)],
      networkMode: "none",
      labels: labels("job"),
      ...onceSettings,
      ...hardening({ memory: 512, cpus: "1.0", processes: 4096 }),
    });
    assert.deepEqual(waitsFor(resources, "BackupSchedules", "postgres-backup"), ["postgres"]);
  });

  for (const [schedule, crontab] of [
    ["full", "30 2 * * 0 exec berth-backup backup full\n"],
    ["differential", "30 2 * * 1-6 exec berth-backup backup diff\n"],
    ["drill", "30 4 * * 6 exec berth-backup drill\n"],
  ] as const) {
    const drills = schedule === "drill";
    test(`has a schedule "${schedule}" that ${drills ? "sees neither the server nor its data, only reads the repository" : "reads the data"} and is on the monitoring network alone`, async () => {
      const { resources } = await recorded();
      const { inputs } = child(resources, "Container", `postgres-backup-${schedule}`);
      const { mounts, healthcheck, command, entrypoints, ...rest } = inputs as { mounts: { source: string; target: string }[]; healthcheck: object; command: string[]; entrypoints: string[] };
      assert.deepEqual(mounts, [
        ...(drills ? reach.map((of) => ({ ...of, readOnly: true })) : [...readData, ...reach]),
        mount("berth-test-postgres-backup-metrics", "/var/lib/berth-metrics", false),
        ...(drills ? [mount("berth-test-postgres-backup-drill", "/var/lib/berth-drill", false)] : []),
        mount("berth-test-tools", "/opt/berth", true),
        mount(filesVolume(`postgres-backup-${schedule}-crontab`), "/etc/berth-schedule", true),
      ]);
      assert.deepEqual(rest, {
        image: child(resources, "RemoteImage", "postgres-backup-image-pulled").inputs["name"],
        envs: [...env, "TZ=Europe/Vienna"],
        user: "999:999",
        networksAdvanced: [{ name: "monitoring" }],
        labels: labels(`schedule-backup-${schedule}`, "postgres"),
        wait: true,
        waitTimeout: 60,
        restart: "unless-stopped",
        stopTimeout: 60,
        destroyGraceSeconds: drills ? 60 : 21_600,
        ...hardening({ memory: 512, cpus: "1.0", processes: 4096, ...(drills && { tmpfs: { "/tmp": "rw,noexec,nosuid,nodev,size=64m,mode=1777", [data]: "rw,noexec,nosuid,nodev,size=1m,mode=1777" } }) }),
      });
      assert.deepEqual([entrypoints, command.at(-1)], [["/opt/berth/supercronic"], "/etc/berth-schedule/crontab"]);
      assert.deepEqual(healthcheck, health(["CMD", "/opt/berth/supercronic", "-quiet", "-test", "/etc/berth-schedule/crontab"]));
      const [upload] = child(resources, "Container", `postgres-backup-${schedule}-crontab-filler`).inputs["uploads"] as { content: string }[];
      assert.ok(upload?.content.endsWith(crontab), upload?.content);
      assert.deepEqual(waitsFor(resources, "Schedule", `postgres-backup-${schedule}`), ["postgres-backup-check"]);
    });
  }

  test("has the passphrase in a file of the repository's own, as a secret, and nowhere else", async () => {
    const { resources } = await recorded({ key: pulumi.secret("password-of-postgres-backup-key") });
    const secret = child(resources, "Container", "postgres-backup-secrets-filler");
    assert.deepEqual(secret.inputs["uploads"], [{ file: "/files/secrets.conf", content: "[global]\nrepo1-cipher-pass=password-of-postgres-backup-key\n", permissions: "0444" }]);
    assert.deepEqual(secret.secretInputs, ["uploads.0.content"]);
    const shown = resources.flatMap(({ name, inputs, secretInputs }) => pathsOf(inputs, "password-of-postgres-backup-key").map((path) => [name, path, secretInputs.some((of) => path.startsWith(of))] as const));
    assert.deepEqual([...new Set(shown.map(([name]) => name))].toSorted(), ["postgres-backup-secrets-filler", "postgres-backup-secrets-version"]);
    for (const [name, path, hidden] of shown) assert.ok(hidden, `${name}: ${path}`);
    const [config] = child(resources, "Container", "postgres-backup-config-filler").inputs["uploads"] as { content: string }[];
    assert.equal(config?.content, renderPgbackrestConf({ target: "volume", keep, prefix: "berth-test", encrypted: true }, `${data}/17`, "/var/run/postgresql"));
  });

  test("is not encrypted without a passphrase: a generated one would be lost with the state", async () => {
    const { resources } = await recorded();
    assert.ok(!customs(resources).some((name) => name.startsWith("RandomPassword postgres-backup")));
    const [config] = child(resources, "Container", "postgres-backup-config-filler").inputs["uploads"] as { content: string }[];
    assert.match(config?.content ?? "", /^repo1-cipher-type=none$/m);
  });
});

describe("Postgres with backups in a bucket", () => {
  const bucket = { target: { s3 }, s3Keys: { key: pulumi.secret("canary-s3-key"), secret: pulumi.secret("canary-s3-secret") } };

  test("has no volume for them, and a network with a way out, of the server, the jobs and the schedules", async () => {
    const { resources } = await recorded(bucket);
    assert.ok(!customs(resources).includes("Volume postgres-backups-volume"));
    assert.deepEqual(child(resources, "Network", "postgres-backup-network").inputs, { name: "berth-test-backup", driver: "bridge", internal: false, labels: labels("network") });
    const on = resources.filter(({ inputs }) => (inputs["networksAdvanced"] as { name: string }[] | undefined)?.some(({ name }) => name === "berth-test-backup"));
    assert.deepEqual(on.map(({ name }) => name).toSorted(), [
      "postgres",
      "postgres-backup-check",
      "postgres-backup-differential",
      "postgres-backup-drill",
      "postgres-backup-full",
      "postgres-backup-stanza",
    ]);
  });

  test("has the bucket's keys as secrets in the one file", async () => {
    const { resources } = await recorded(bucket);
    for (const canary of ["canary-s3-key", "canary-s3-secret"]) {
      const shown = resources.flatMap(({ name, inputs, secretInputs }) => pathsOf(inputs, canary).map((path) => [name, secretInputs.some((of) => path.startsWith(of))] as const));
      assert.deepEqual(Object.fromEntries(shown), { "postgres-backup-secrets-filler": true, "postgres-backup-secrets-version": true });
    }
  });
});
