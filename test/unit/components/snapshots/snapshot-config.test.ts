import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { renderSnapshotEnv, renderSnapshotSecrets, type SnapshotConfig } from "../../../../components/snapshots/snapshot-config.ts";
import { snapshotMetrics } from "../../../../components/snapshots/snapshot-metrics.ts";
import { snapshotSources } from "../../../../components/snapshots/snapshot-sources.ts";

const s3 = { bucket: "acme-backups", endpoint: "s3.example.com:9000", region: "eu-1", uriStyle: "path" as const, verifyTls: false };
const render = (config: Partial<SnapshotConfig> = {}) => renderSnapshotEnv({ target: "volume", prefix: "berth-test", keep: { full: 2, differential: 7 }, encrypted: true, sources: ["redis", "shop/data"], ...config });
const script = readFileSync(join(import.meta.dirname, "../../../../images/snapshots/berth-snapshots.sh"), "utf8");

describe("what restic is told", () => {
  test("of a volume is a repository on it, whose passphrase is in a file", () => {
    assert.deepEqual(render(), {
      RESTIC_REPOSITORY: "/var/lib/restic",
      RESTIC_PASSWORD_FILE: "/run/restic/password",
      RESTIC_PACK_SIZE: "8",
      BERTH_RESTIC_OPTIONS: "--no-cache -o local.connections=2",
      BERTH_STACK: "berth-test",
      BERTH_SOURCES: "redis,shop/data",
      BERTH_KEEP_FULL: "2",
      BERTH_KEEP_DIFFERENTIAL: "7",
    });
  });

  test("of a bucket is a directory beside that of Postgres, as the store names buckets", () => {
    const { RESTIC_REPOSITORY, AWS_SHARED_CREDENTIALS_FILE, BERTH_RESTIC_OPTIONS } = render({ target: { s3 } });
    assert.deepEqual([RESTIC_REPOSITORY, AWS_SHARED_CREDENTIALS_FILE], ["s3:https://s3.example.com:9000/acme-backups/berth-test/restic", "/run/restic/bucket"]);
    assert.equal(BERTH_RESTIC_OPTIONS, "--no-cache -o s3.connections=2 -o s3.region=eu-1 -o s3.bucket-lookup=path --insecure-tls");
    const usual = render({ target: { s3: { ...s3, endpoint: "s3.example.com", uriStyle: "host", verifyTls: true } } });
    assert.equal(usual["BERTH_RESTIC_OPTIONS"], "--no-cache -o s3.connections=2 -o s3.region=eu-1 -o s3.bucket-lookup=dns");
  });

  test("without a passphrase says so, as restic wants it said", () => {
    const { RESTIC_PASSWORD_FILE, BERTH_RESTIC_OPTIONS } = render({ encrypted: false });
    assert.deepEqual([RESTIC_PASSWORD_FILE, BERTH_RESTIC_OPTIONS], [undefined, "--no-cache --insecure-no-password -o local.connections=2"]);
  });

  test("has no secret: these are files", () => {
    assert.deepEqual(renderSnapshotSecrets({ key: "passphrase-of-backups", s3: { key: "AK", secret: "SK" } }), {
      password: "passphrase-of-backups\n",
      bucket: "[default]\naws_access_key_id=AK\naws_secret_access_key=SK\n",
    });
    assert.deepEqual(renderSnapshotSecrets({}), {});
  });

  test("and the alerts, goes by the names that the script has", () => {
    for (const name of [...Object.keys(render()).filter((variable) => variable.startsWith("BERTH_")), ...Object.values(snapshotMetrics)]) assert.ok(script.includes(name), name);
  });
});

describe("what snapshots are made of", () => {
  const stack = { prefix: "berth-test" };
  test("is Redis where an application keeps something there, and each volume of each application", () => {
    const apps: Parameters<typeof snapshotSources>[1] = [{ name: "shop", definition: { cache: true, volumes: { data: "/data", "old-files": "/old" } } }, { name: "a-b", definition: { volumes: { c: "/c" } } }];
    assert.deepEqual(snapshotSources(stack, apps), { redis: "berth-test-redis-data", "shop/data": "berth-test-shop-volume-data", "shop/old-files": "berth-test-shop-volume-old-files", "a-b/c": "berth-test-a-b-volume-c" });
  });
  test("is nothing where no application has either", () => {
    assert.deepEqual(snapshotSources(stack, [{ name: "root", definition: {} }]), {});
  });
});
