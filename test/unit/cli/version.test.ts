import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { version } from "../../../cli/version.ts";

const root = join(import.meta.dirname, "../../..");
const { version: number } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string };

test("./berth --version prints the version in package.json, on standard output", () => {
  assert.match(execFileSync(process.execPath, [join(root, "dev/main.ts"), "--version"], { encoding: "utf8" }), new RegExp(`^berth ${number.replaceAll(".", "\\.")}( \\([0-9a-f]{7}(-dirty)?\\))?\n$`));
});

test("the commit stands behind it, with -dirty where something is not committed; nothing where there is no repository", async () => {
  const folder = mkdtempSync(join(tmpdir(), "berth-version-"));
  const git = (...args: string[]) => execFileSync("git", ["-C", folder, "-c", "user.name=t", "-c", "user.email=t@example.com", ...args], { encoding: "utf8" }).trim();
  try {
    writeFileSync(join(folder, "package.json"), '{ "version": "1.2.3" }');
    assert.equal(await version(folder), "berth 1.2.3");
    git("init", "-q");
    git("add", ".");
    git("commit", "-qm", "first");
    const commit = git("rev-parse", "HEAD").slice(0, 7);
    assert.equal(await version(folder), `berth 1.2.3 (${commit})`);
    writeFileSync(join(folder, "other"), "");
    assert.equal(await version(folder), `berth 1.2.3 (${commit}-dirty)`);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
