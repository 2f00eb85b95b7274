import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parse } from "node:path";
import * as fc from "fast-check";
import { backupEnv, backupPaths, renderPgbackrestConf, renderPgbackrestSecrets, type BackupConfig } from "../../../../components/postgres/backup-config.ts";
import { renderPostgresConf } from "../../../../components/postgres/postgres-config.ts";

const data = "/var/lib/postgresql/data/17";
const socket = "/var/run/postgresql";
const keep = { full: 2, differential: 7 };
const s3 = { bucket: "acme-backups", endpoint: "s3.example.com:9000", region: "eu-1", uriStyle: "path" as const, verifyTls: false };

/** Sections of `name=value` lines, as pgBackRest reads them; a name that stands twice is an error. */
function sections(conf: string): Record<string, Record<string, string>> {
  const all: Record<string, Record<string, string>> = {};
  let current: Record<string, string> = {};
  for (const line of conf.split("\n").filter((text) => text !== "")) {
    const [, section] = /^\[([\w:-]+)\]$/.exec(line) ?? [];
    if (section !== undefined) current = all[section] = {};
    else {
      const [, name = "", value = ""] = /^([a-z0-9-]+)=(\S+)$/.exec(line) ?? assert.fail(`not a setting: ${line}`);
      assert.ok(!(name in current), `${name} twice`);
      current[name] = value;
    }
  }
  return all;
}

const render = (config: Partial<BackupConfig> = {}) => sections(renderPgbackrestConf({ target: "volume", prefix: "berth-test", keep, encrypted: true, ...config }, data, socket));

describe("pgbackrest.conf", () => {
  test("of a volume is an encrypted repository on it, of one stanza, which reads the server by its socket", () => {
    assert.deepEqual(render(), {
      global: {
        "repo1-type": "posix",
        "repo1-path": "/var/lib/pgbackrest",
        "repo1-cipher-type": "aes-256-cbc",
        "repo1-retention-full": "2",
        "repo1-retention-diff": "7",
        "compress-type": "zst",
        "process-max": "1",
        "start-fast": "y",
        "archive-async": "n",
        "io-timeout": "20",
        "expire-auto": "n",
        "lock-path": "/var/run/postgresql/pgbackrest",
        "log-level-console": "info",
        "log-level-file": "off",
      },
      "global:archive-push": { "log-level-console": "warn" },
      "global:archive-get": { "log-level-console": "warn" },
      "global:restore": { "process-max": "4" },
      "global:info": { "log-level-console": "warn" },
      main: { "pg1-path": data, "pg1-socket-path": socket },
    });
  });

  test("of a bucket names it, its host and its port, and a directory of the stack's own", () => {
    const { global = {} } = render({ target: { s3 } });
    const { global: volume = {} } = render();
    const own = Object.fromEntries(Object.entries(global).filter(([name, value]) => volume[name] !== value));
    assert.deepEqual(own, {
      "repo1-type": "s3",
      "repo1-path": "/berth-test",
      "repo1-s3-bucket": "acme-backups",
      "repo1-s3-endpoint": "s3.example.com",
      "repo1-s3-region": "eu-1",
      "repo1-s3-uri-style": "path",
      "repo1-storage-port": "9000",
      "repo1-storage-verify-tls": "n",
    });
    assert.equal(render({ target: { s3: { ...s3, endpoint: "s3.example.com" } } })["global"]?.["repo1-storage-port"], undefined, "443 is its default");
  });

  test("keeps as many backups as it is told, and expires none by itself", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1000 }), fc.integer({ min: 1, max: 1000 }), (full, differential) => {
        const { global = {} } = render({ keep: { full, differential } });
        assert.deepEqual([global["repo1-retention-full"], global["repo1-retention-diff"], global["expire-auto"]], [`${full}`, `${differential}`, "n"]);
      }),
    );
  });

  test("is where the environment of the containers says, which names the stanza and nothing secret", () => {
    assert.deepEqual(backupEnv, {
      PGBACKREST_CONFIG: "/etc/pgbackrest/pgbackrest.conf",
      PGBACKREST_CONFIG_INCLUDE_PATH: "/run/pgbackrest",
      PGBACKREST_STANZA: "main",
    });
    assert.equal(parse(backupEnv["PGBACKREST_CONFIG"] ?? "").dir, backupPaths.config);
    assert.ok(backupEnv["PGBACKREST_STANZA"] !== undefined && backupEnv["PGBACKREST_STANZA"] in render());
  });
});

test("the secret part has the passphrase, and the keys of a bucket where there is one", () => {
  assert.deepEqual(sections(renderPgbackrestSecrets({})), { global: {} });
  assert.equal(render({ encrypted: false })["global"]?.["repo1-cipher-type"], "none");
  assert.deepEqual(sections(renderPgbackrestSecrets({ key: "passphrase-1" })), { global: { "repo1-cipher-pass": "passphrase-1" } });
  assert.deepEqual(sections(renderPgbackrestSecrets({ key: "passphrase-1", s3: { key: "AKIA", secret: "a/b+c=" } })), {
    global: { "repo1-cipher-pass": "passphrase-1", "repo1-s3-key": "AKIA", "repo1-s3-key-secret": "a/b+c=" },
  });
});

test("postgresql.conf archives each segment, and one that is not full each minute, only where there are backups", () => {
  const lines = (archive: boolean) => renderPostgresConf({ memory: 512, connections: 100, archive }).split("\n");
  assert.deepEqual(
    lines(true).filter((line) => !lines(false).includes(line)),
    ["wal_level = replica", "archive_mode = on", "archive_command = 'pgbackrest archive-push %p'", "archive_timeout = 60s"],
  );
  assert.deepEqual(lines(false), renderPostgresConf({ memory: 512, connections: 100 }).split("\n"));
});
