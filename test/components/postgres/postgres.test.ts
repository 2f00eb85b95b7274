import assert from "node:assert/strict";
import { describe, test } from "node:test";
import * as pulumi from "@pulumi/pulumi";
import { Role } from "../../../components/postgres/role.ts";
import { Postgres } from "../../../components/postgres/postgres.ts";
import { renderDatabaseSql, renderMonitorSql, renderPgHba, renderPgIdent, renderPostgresConf } from "../../../components/postgres/postgres-config.ts";
import { superuserOptions } from "../../../components/postgres/postgres-layout.ts";
import { child, customs, filesVolume, hardening, health, labels, onceSettings, onHost, platform } from "../platform.ts";
import { record } from "../recorder.ts";

const programs = "/usr/lib/postgresql/17/bin";
const args = { platform, network: { name: "data", nobody: "10.9.0.1" }, memory: 512, connections: 50, cpus: 2 };
const socket = { type: "volume", source: "berth-test-postgres-socket", target: "/var/run/postgresql", readOnly: false };

describe("Postgres", () => {
  test("is its volumes, its configuration, the job that initialises it, and the server", async () => {
    const { resources } = await record(() => new Postgres("postgres", args, onHost()));
    assert.deepEqual(customs(resources), [
      "Container postgres",
      "Container postgres-config-filler",
      "Container postgres-data-owner",
      "Container postgres-gateway-config-filler",
      "Container postgres-init",
      "Container postgres-socket-owner",
      "RandomId postgres-config-version",
      "RandomId postgres-gateway-config-version",
      "Volume postgres-config-volume",
      "Volume postgres-data-volume",
      "Volume postgres-gateway-config-volume",
      "Volume postgres-socket-volume",
    ]);
  });

  test("runs on its data as its own user, stops cleanly, and is never two at once", async () => {
    const { resources } = await record(() => new Postgres("postgres", args, onHost()));
    const server = child(resources, "Container", "postgres");
    assert.deepEqual(server.inputs, {
      image: "postgres@sha256:1",
      entrypoints: [`${programs}/postgres`],
      command: ["-D", "/var/lib/postgresql/data/17", "-c", "config_file=/etc/berth/postgresql.conf"],
      envs: [`PGOPTIONS=${superuserOptions}`],
      user: "999:999",
      mounts: [
        { type: "volume", source: "berth-test-postgres-data", target: "/var/lib/postgresql/data", readOnly: false },
        socket,
        { type: "volume", source: filesVolume("postgres-config"), target: "/etc/berth", readOnly: true },
      ],
      networksAdvanced: [{ name: "data", aliases: ["postgres-server"] }],
      labels: labels("postgres"),
      healthcheck: health(["CMD", `${programs}/pg_isready`, "-q", "-h", "/var/run/postgresql"], "2m0s"),
      wait: true,
      waitTimeout: 120,
      restart: "unless-stopped",
      stopSignal: "SIGINT",
      stopTimeout: 120,
      destroyGraceSeconds: 120,
      shmSize: 128,
      ...hardening({ memory: 512, cpus: "2.0", processes: 2048 }),
    });
    assert.equal(server.deleteBeforeReplace, true);
    assert.ok(server.dependsOn.includes("postgres-init"), "initialised before it starts");
    assert.deepEqual([server.parent, server.provider], ["postgres", "host"]);
  });

  test("has its data protected and kept, and its socket not", async () => {
    const { resources } = await record(() => new Postgres("postgres", args, onHost()));
    const flags = (name: string) => [child(resources, "Volume", name).protect, child(resources, "Volume", name).retainOnDelete];
    assert.deepEqual(flags("postgres-data-volume"), [true, true]);
    assert.deepEqual(flags("postgres-socket-volume"), [false, false]);
  });

  test("is given its rendered configuration", async () => {
    const { resources } = await record(() => new Postgres("postgres", args, onHost()));
    assert.deepEqual(child(resources, "Container", "postgres-config-filler").inputs["uploads"], [
      { file: "/files/postgresql.conf", content: renderPostgresConf({ memory: 512, connections: 50 }), permissions: "0444" },
      { file: "/files/pg_hba.conf", content: renderPgHba(), permissions: "0444" },
      { file: "/files/pg_ident.conf", content: renderPgIdent(), permissions: "0444" },
    ]);
  });

  test("is initialised once, with checksums, without network, and not again for a newer image", async () => {
    const { resources } = await record(() => new Postgres("postgres", args, onHost()));
    const init = child(resources, "Container", "postgres-init");
    const { command, ...inputs } = init.inputs;
    assert.deepEqual(inputs, {
      image: "postgres@sha256:1",
      entrypoints: ["/bin/sh", "-ec"],
      user: "999:999",
      mounts: [{ type: "volume", source: "berth-test-postgres-data", target: "/var/lib/postgresql/data", readOnly: false }],
      networkMode: "none",
      labels: labels("job"),
      ...onceSettings,
      ...hardening({ memory: 512 }),
    });
    const [script = ""] = command as string[];
    assert.match(script, /^test -s \/var\/lib\/postgresql\/data\/17\/PG_VERSION \|\| exec .*\/initdb -D \/var\/lib\/postgresql\/data\/17 /);
    for (const flag of ["--data-checksums", "--encoding=UTF8", "--auth-local=peer", "--auth-host=scram-sha-256"]) assert.ok(script.includes(flag), flag);
    assert.deepEqual(init.ignoreChanges, ["image"]);
  });
});

describe("a database", () => {
  for (const access of ["owner", "monitor"] as const) {
    test(`for the access "${access}" is a password, its file, its SQL, and a job that runs it by the socket`, async () => {
      const recorded = await record(() => {
        const host = onHost();
        return new Role("shop-database", { platform, postgres: new Postgres("postgres", args, host), role: "shop", access }, host);
      });
      const own = customs(recorded.resources).filter((name) => name.includes("shop-"));
      assert.deepEqual(own, [
        "Container shop-database",
        "Container shop-database-secret-filler",
        "Container shop-database-sql-filler",
        "RandomId shop-database-secret-version",
        "RandomId shop-database-sql-version",
        "RandomPassword shop-database-password",
        "Volume shop-database-secret-volume",
        "Volume shop-database-sql-volume",
      ]);
      assert.deepEqual(child(recorded.resources, "RandomPassword", "shop-database-password").inputs, { length: 32, special: false });
      const job = child(recorded.resources, "Container", "shop-database");
      assert.deepEqual(job.inputs, {
        image: "postgres@sha256:1",
        entrypoints: [`${programs}/psql`],
        command: ["--no-psqlrc", "-v", "ON_ERROR_STOP=1", "-h", "/var/run/postgresql", "-d", "postgres", "-f", "/run/sql/run.sql"],
        envs: [`PGOPTIONS=${superuserOptions}`],
        user: "999:999",
        mounts: [
          socket,
          { type: "volume", source: filesVolume("shop-database-secret"), target: "/run/secrets", readOnly: true },
          { type: "volume", source: filesVolume("shop-database-sql"), target: "/run/sql", readOnly: true },
        ],
        networkMode: "none",
        labels: labels("job"),
        ...onceSettings,
        ...hardening({
          memory: 128,
          processes: 4096,
          tmpfs: {
            "/tmp": "rw,noexec,nosuid,nodev,size=16m,mode=1777",
            "/var/lib/postgresql/data": "rw,noexec,nosuid,nodev,size=1m,mode=1777",
          },
        }),
      });
      const file = "/run/secrets/password";
      const content = access === "owner" ? renderDatabaseSql("shop", file, { connections: 22, temporaryFiles: 1024 }) : renderMonitorSql("shop", file);
      assert.deepEqual(child(recorded.resources, "Container", "shop-database-sql-filler").inputs["uploads"], [
        { file: "/files/run.sql", content, permissions: "0444" },
      ]);
      const secret = child(recorded.resources, "Container", "shop-database-secret-filler");
      assert.deepEqual(secret.inputs["uploads"], [{ file: "/files/password", content: "password-of-shop-database-password", permissions: "0444" }]);
      assert.deepEqual(secret.secretInputs, ["uploads.0.content"]);
    });
  }

  test("gives its password and its URL as secrets", async () => {
    const { result } = await record(() => {
      const host = onHost();
      return new Role("shop-database", { platform, postgres: new Postgres("postgres", args, host), role: "shop" }, host);
    });
    for (const [output, expected] of [
      [result.password, "password-of-shop-database-password"],
      [result.url, "postgresql://shop:password-of-shop-database-password@postgres:5432/shop"],
    ] as const) {
      assert.equal(await pulumi.isSecret(output), true);
      assert.equal(await new Promise((resolve) => void output.apply(resolve)), expected);
    }
  });
});
