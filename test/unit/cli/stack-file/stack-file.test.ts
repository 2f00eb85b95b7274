import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { readStack } from "../../../../pulumi/stackfile.ts";

const twice = "config:\n  berth:apps:\n    root:\n      replicas: 1\n    root:\n      replicas: 2\n";

describe("an application that is given twice", () => {
  let folder = "";
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "berth-stack-file-"));
    mkdirSync(join(folder, "state"));
    writeFileSync(join(folder, "Pulumi.yaml"), "name: berth\nruntime: nodejs\n");
    writeFileSync(join(folder, "Pulumi.dev.yaml"), twice);
  });
  after(() => rmSync(folder, { recursive: true }));

  test("is refused by the embedded engine, which names file, line and key", async () => {
    await assert.rejects(readStack(join(folder, "Pulumi.dev.yaml"), "berth", "passphrase", false), (error: Error) => {
      assert.match(error.message, /Pulumi\.dev\.yaml can't be read: .*unique at line 5/);
      assert.match(error.message, /root:/);
      assert.match(error.message, /Write each key once/);
      return true;
    });
  });

  test("is refused by the Pulumi CLI, which names line and key", { skip: withoutCli() }, () => {
    const environment = { PULUMI_BACKEND_URL: `file://${join(folder, "state")}`, PULUMI_HOME: join(folder, "home"), PULUMI_CONFIG_PASSPHRASE: "x", PULUMI_SKIP_UPDATE_CHECK: "true" };
    const { status, stderr } = spawnSync("pulumi", ["stack", "init", "dev", "--non-interactive"], { cwd: folder, encoding: "utf8", env: { ...process.env, ...environment } });
    assert.notEqual(status, 0);
    assert.match(stderr, /line 5: mapping key "root" already defined at line 3/);
  });
});

function withoutCli(): string | false {
  try {
    execFileSync("pulumi", ["version"], { stdio: "ignore" });
    return false;
  } catch {
    return "the Pulumi CLI is not on PATH";
  }
}
