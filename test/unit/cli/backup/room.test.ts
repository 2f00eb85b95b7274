import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { tmpdir } from "node:os";
import { describe, test } from "node:test";
import type { Backup } from "../../../../cli/backup/list.ts";
import { neededFor, roomFor } from "../../../../cli/backup/room.ts";

const backup = (label: string, ended: string, databaseBytes: number) => ({ label, ended, databaseBytes }) as Backup;
const backups = [backup("20250301-023000F", "2025-03-01T02:30:00Z", 100), backup("20250308-023000F", "2025-03-08T02:30:00Z", 900)];

describe("room for a restore", () => {
  test("is that of the backup which it begins with", () => {
    assert.equal(neededFor("newest", backups), 900);
    assert.equal(neededFor({ to: "2025-03-05 00:00:00+00:00" }, backups), 100);
    assert.equal(neededFor({ to: "2025-03-09 00:00:00+00:00" }, backups), 900);
    assert.equal(neededFor({ set: "20250301-023000F" }, backups), 100);
    assert.equal(neededFor("newest", []), undefined);
  });

  test("that is there lets the shell go on; that is not ends it with both figures, before anything is written", () => {
    const run = (kilobytes: number | string) => spawnSync("sh", ["-euc", [...roomFor(tmpdir(), kilobytes), "echo gone on"].join("\n")], { encoding: "utf8" });
    assert.deepEqual([run(1).stdout, run("$(echo 1)").stdout], ["gone on\n", "gone on\n"]);
    const { status, stdout, stderr } = run(2 ** 50);
    assert.deepEqual([status, stdout], [75, ""]);
    assert.match(stderr, /^too little disk: \d+ MiB are needed, and \d+ MiB are free; nothing was written\. Free some: docker system df\n$/);
  });
});
