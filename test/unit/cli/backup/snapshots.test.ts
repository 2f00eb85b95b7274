import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { namedSource, requireSnapshot, restoredTable } from "../../../../cli/backup/restore-all.ts";
import { restoreTarget } from "../../../../cli/backup/restore-target.ts";
import { chosen, parseSnapshots, type Snapshot, type SnapshotParts, snapshotTable } from "../../../../cli/backup/snapshots.ts";

const listed = (short_id: string, time: string, ...tags: string[]) => ({ short_id, time, tags, paths: ["/backup/redis"], summary: { total_bytes_processed: 3 * 2 ** 20, total_files_processed: 4 } });
const snapshots: Snapshot[] = parseSnapshots(
  JSON.stringify([
    listed("aaaaaaaa", "2025-03-01T02:30:00.157724817Z", "redis", "full"),
    listed("bbbbbbbb", "2025-03-01T03:30:01+01:00", "shop/data", "full"),
    listed("cccccccc", "2025-03-02T02:30:00Z", "shop/data", "differential"),
    listed("dddddddd", "2025-03-03T10:00:00Z", "shop/data", "before-restore"),
  ]),
);
const parts = (sources: string[]) => ({ stack: "prod", sources }) as SnapshotParts;

describe("the list of snapshots", () => {
  test("is what restic says, with what each is of", () => {
    assert.deepEqual(snapshots[0], { id: "aaaaaaaa", source: "redis", type: "full", time: "2025-03-01T02:30:00Z", bytes: 3 * 2 ** 20, files: 4 });
    assert.equal(snapshots[1]?.time, "2025-03-01T02:30:01Z");
    assert.deepEqual(parseSnapshots("null"), []);
  });

  test("is a table with the age of each", () => {
    const [head, row] = snapshotTable(snapshots, new Date("2025-03-01T05:30:00Z")).split("\n");
    assert.match(head ?? "", /^SNAPSHOT +OF +TYPE +TIME +FILES +SIZE +AGE$/);
    assert.match(row ?? "", /^aaaaaaaa +redis +full +2025-03-01T02:30:00Z +4 +3\.0 MiB +3 h$/);
  });
});

describe("the snapshot that a restore begins with", () => {
  const of = (target: Parameters<typeof chosen>[2]) => chosen(snapshots, "shop/data", target)?.id;
  test("is the newest of its source, of a time the newest before it, or the one that is named", () => {
    assert.deepEqual([of("newest"), of(restoreTarget({ to: "2025-03-02 02:29" })), of(restoreTarget({ set: "dddddddd" }, "snapshot"))], ["cccccccc", "bbbbbbbb", "dddddddd"]);
  });
  test("is never what a restore replaced, unless that is named; nor another source's", () => {
    assert.deepEqual([of(restoreTarget({ to: "2025-03-04 00:00" })), of(restoreTarget({ set: "aaaaaaaa" }, "snapshot"))], ["cccccccc", undefined]);
  });
  test("that is not there is told, with the oldest that is", () => {
    assert.throws(() => requireSnapshot(snapshots, "redis", restoreTarget({ to: "2025-01-01 00:00" }), "prod"), /no snapshot of redis at or before 2025-01-01 00:00:00\+00:00; nothing was changed\. The oldest is of 2025-03-01T02:30:00Z: \.\/berth backup list -s prod$/);
    assert.throws(() => requireSnapshot(snapshots, "a/b", "newest", "prod"), /There is none of it/);
  });
  test("has an id, unlike a backup of Postgres, which has a label", () => {
    assert.throws(() => restoreTarget({ set: "20250301-023000F" }, "snapshot"), /for example 1f3a9c07/);
    assert.throws(() => restoreTarget({ set: "aaaaaaaa" }), /for example 20250301-023000F/);
  });
});

test("a source that the stack has not is refused with those that it has", () => {
  assert.equal(namedSource(parts(["redis", "shop/data"]), undefined), "redis");
  assert.equal(namedSource(parts(["redis", "shop/data"]), "shop/data"), "shop/data");
  assert.throws(() => namedSource(parts(["redis", "shop/data"]), "redis"), /--volume is "redis", but must be one of shop\/data/);
  assert.throws(() => namedSource(parts(["shop/data"]), undefined), /no application with a cache/);
  assert.throws(() => namedSource(parts(["redis"]), "shop/data"), /none has one/);
});

test("what was restored is a table", () => {
  assert.deepEqual(restoredTable([{ part: "redis", state: "now", kept: undefined }]).split("\n").map((line) => line.split(/ {2,}/)), [["PART", "IS NOW", "BEFORE"], ["redis", "now", "empty"]]);
});
