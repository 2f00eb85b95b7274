import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import * as fc from "fast-check";
import { renderDatabaseSql, renderMonitorSql, renderPgHba, renderPgIdent, renderPostgresConf, shareOf } from "../../../../components/postgres/postgres-config.ts";
import { superuserOptions } from "../../../../components/postgres/postgres-layout.ts";

/** `name = value` lines, as Postgres reads them; a quoted value loses its quotes. */
function settingsOf(conf: string): Record<string, string> {
  const lines = conf.split("\n").filter((line) => line !== "");
  return Object.fromEntries(
    lines.map((line) => {
      const [, name, value] = /^([a-z_]+) = ('[^']*'|[^\s'#]+)$/.exec(line) ?? assert.fail(`not a setting: ${line}`);
      return [name, value?.replaceAll("'", "")] as [string, string];
    }),
  );
}

const megabytes = (value: string | undefined) => Number(/^(\d+)MB$/.exec(value ?? "")?.[1] ?? assert.fail(`no size: ${value}`));

describe("postgresql.conf", () => {
  test("takes a quarter of the memory for shared buffers and expects half of it cached, at any size", () => {
    fc.assert(
      fc.property(fc.integer({ min: 64, max: 65_536 }), fc.integer({ min: 10, max: 1000 }), (memory, connections) => {
        const settings = settingsOf(renderPostgresConf({ memory, connections }));
        assert.equal(megabytes(settings["shared_buffers"]), Math.floor(memory / 4));
        assert.equal(megabytes(settings["effective_cache_size"]), Math.floor(memory / 2));
        assert.ok(megabytes(settings["maintenance_work_mem"]) < memory / 4);
        assert.equal(settings["max_connections"], String(connections));
      }),
    );
  });

  test("keeps passwords hashed, reads its rules from the configuration volume, and logs no parameter of a statement", () => {
    const settings = settingsOf(renderPostgresConf({ memory: 512, connections: 100 }));
    assert.equal(settings["password_encryption"], "scram-sha-256");
    assert.equal(settings["hba_file"], "/etc/berth/pg_hba.conf");
    assert.equal(settings["unix_socket_directories"], "/var/run/postgresql");
    assert.equal(settings["log_parameter_max_length"], "0");
    assert.equal(settings["log_destination"], "stderr");
  });

  test("never turns off what keeps acknowledged writes", () => {
    const settings = settingsOf(renderPostgresConf({ memory: 512, connections: 100 }));
    for (const name of ["fsync", "synchronous_commit", "full_page_writes"]) assert.equal(settings[name], undefined, name);
  });
});

test("by the socket the server's own user is any role; by the network nobody is the superuser, others come with a password, and into the databases of no application the monitoring alone", () => {
  assert.equal(renderPgIdent(), "server postgres all\n");
  const rules = renderPgHba().trim().split("\n").map((line) => line.split(" "));
  assert.deepEqual(rules, [
    ["local", "all", "all", "peer", "map=server"],
    ["host", "all", "postgres", "all", "reject"],
    ["host", "postgres", "+pg_monitor", "all", "scram-sha-256"],
    ["host", "postgres,template1", "all", "all", "reject"],
    ["host", "all", "all", "all", "scram-sha-256"],
  ]);
});

test("one role has half of the connections that are left to applications where nothing else is said, and never all", () => {
  assert.equal(shareOf(100), 47);
  fc.assert(
    fc.property(fc.integer({ min: 10, max: 1000 }), (connections) => {
      const { superuser_reserved_connections: superuser, reserved_connections: monitoring } = settingsOf(renderPostgresConf({ memory: 512, connections }));
      const left = connections - Number(superuser) - Number(monitoring);
      assert.ok(shareOf(connections) >= 2 && shareOf(connections) * 2 <= left);
    }),
  );
});

test("berth-backup starts its sessions of the superuser as everything else does", () => {
  const script = readFileSync(join(import.meta.dirname, "../../../../images/postgres/berth-backup.sh"), "utf8");
  assert.ok(script.includes(`export PGOPTIONS="${superuserOptions}"\n`));
});

describe("SQL for a role", () => {
  const limits = { connections: 40, temporaryFiles: 512 };
  const database = (name: string, passwordFile: string) => renderDatabaseSql(name, passwordFile, limits);

  const role = fc.stringMatching(/^[a-z][a-z0-9-]{0,29}$/);
  for (const [what, render] of [["a database", database], ["the exporter", renderMonitorSql]] as const) {
    test(`of ${what} names it only through psql's quoting, whatever it is called`, () => {
      fc.assert(
        fc.property(role, (name) => {
          const lines = render(name, "/run/secrets/password").split("\n");
          const set = lines.indexOf(`\\set name '${name}'`);
          assert.ok(set >= 0);
          // The same text for every role but for the one line that sets the variable.
          const other = render("x", "/run/secrets/password").split("\n");
          assert.deepEqual(lines.toSpliced(set, 1), other.toSpliced(set, 1));
        }),
      );
    });

    test(`of ${what} reads the password from its file inside psql, after it has silenced the log`, () => {
      const lines = render("shop", "/run/secrets/password").split("\n");
      const reads = lines.findIndex((line) => line === "\\set password `cat /run/secrets/password`");
      const uses = lines.findIndex((line) => line.includes("PASSWORD :'password'"));
      const silenced = lines.findIndex((line) => line === "SET log_min_error_statement = panic;");
      const unsampled = lines.findIndex((line) => line === "SET log_min_duration_statement = -1;");
      assert.ok(reads >= 0 && reads < uses);
      assert.ok(silenced >= 0 && silenced < uses);
      assert.ok(unsampled >= 0 && unsampled < uses, "a slow statement would be logged with the password in it");
      assert.equal(lines.filter((line) => line.includes("password'")).length, 1);
    });

    test(`of ${what} makes it only where it is not there yet, and with no right of a superuser`, () => {
      const sql = render("shop", "/p");
      assert.match(sql, /CREATE ROLE %I.* WHERE NOT EXISTS \(SELECT FROM pg_roles/);
      assert.match(sql, /NOSUPERUSER/);
      assert.doesNotMatch(sql, /DROP/);
    });
  }

  test("of a database keeps everybody else out of it", () => {
    assert.match(database("shop", "/p"), /REVOKE ALL ON DATABASE :"name" FROM PUBLIC;/);
    assert.match(database("shop", "/p"), /CREATE DATABASE %I OWNER %I.* WHERE NOT EXISTS \(SELECT FROM pg_database/);
  });

  test("of a database bounds its connections, and the temporary files of each", () => {
    assert.match(database("shop", "/p"), /NOCREATEROLE CONNECTION LIMIT 40 PASSWORD/);
    assert.match(database("shop", "/p"), /ALTER ROLE :"name" SET temp_file_limit = '512MB';/);
  });

  test("of the exporter gives it the connections that are kept, and shuts the databases of no application to all others", () => {
    const sql = renderMonitorSql("exporter", "/p");
    assert.match(sql, /GRANT pg_monitor, pg_use_reserved_connections TO :"name";/);
    assert.ok(sql.indexOf("REVOKE ALL ON DATABASE postgres, template1 FROM PUBLIC;") < sql.indexOf('GRANT CONNECT ON DATABASE postgres TO :"name";'));
  });
});
