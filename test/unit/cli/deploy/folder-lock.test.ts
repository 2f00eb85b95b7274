import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { homedir, hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { folderOf, takeFolderLock } from "../../../../cli/deploy/folder-lock.ts";

const folder = mkdtempSync(join(tmpdir(), "berth-folder-lock-"));
after(() => rmSync(folder, { recursive: true }));
const locks = join(folder, ".pulumi/locks/organization/berth/dev");

describe("the lock of a state in a folder", () => {
  test("is there until it is given back, and names its holder; a second one is refused with whose it is", () => {
    const release = takeFolderLock(folder, "berth", "dev");
    const [file = ""] = readdirSync(locks);
    const { pid, hostname: host } = JSON.parse(readFileSync(join(locks, file), "utf8")) as { pid: number; hostname: string };
    assert.deepEqual([pid, host], [process.pid, hostname()]);
    assert.throws(() => takeFolderLock(folder, "berth", "dev"), { code: 1, message: new RegExp(`^stack "dev" is being changed by process ${process.pid} of .*pulumi cancel -s dev$`) });
    takeFolderLock(folder, "berth", "prod")();
    release();
    assert.deepEqual(readdirSync(locks), []);
    takeFolderLock(folder, "berth", "dev")();
  });

  test("is given back by a process that ends without doing so", () => {
    const { status, stderr } = spawnSync(process.execPath, ["--input-type=module", "--eval", `import { takeFolderLock } from ${JSON.stringify(join(import.meta.dirname, "../../../../cli/deploy/folder-lock.ts"))}; takeFolderLock(${JSON.stringify(folder)}, "berth", "dev"); process.exit(3);`], { encoding: "utf8" });
    assert.equal(status, 3, stderr);
    assert.deepEqual(readdirSync(locks), []);
  });

  test("is the Pulumi CLI's own: it does not begin while it is held", { skip: spawnSync("pulumi", ["version"]).status === 0 ? false : "the Pulumi CLI is not on PATH" }, () => {
    const [state, project] = [join(folder, "state"), join(folder, "project")];
    for (const path of [state, project]) mkdirSync(path);
    writeFileSync(join(project, "Pulumi.yaml"), "name: berth\nruntime: yaml\n");
    const env = { ...process.env, PULUMI_BACKEND_URL: `file://${state}`, PULUMI_HOME: join(folder, "home"), PULUMI_CONFIG_PASSPHRASE: "x", PULUMI_SKIP_UPDATE_CHECK: "true" };
    const pulumi = (...args: string[]) => spawnSync("pulumi", [...args, "--stack", "dev", "--non-interactive"], { cwd: project, encoding: "utf8", env });
    assert.equal(pulumi("stack", "init").status, 0);
    const release = takeFolderLock(state, "berth", "dev");
    const { status, stderr } = pulumi("refresh", "--yes", "--skip-preview");
    assert.notEqual(status, 0);
    assert.match(stderr, new RegExp(`the stack is currently locked by 1 lock\\(s\\)[^]*created by \\S+@\\S+ \\(pid ${process.pid}\\) at `));
    release();
    const after = pulumi("refresh", "--yes", "--skip-preview");
    assert.equal(after.status, 0, after.stderr);
  });

  test("is for addresses of folders alone", () => {
    assert.deepEqual(["file:///srv/state", "file://~", "file://~/state", "file://./state?no_tmp_dir=true", "s3://acme", "https://api.pulumi.com"].map((url) => folderOf(url, "/work")), ["/srv/state", homedir(), join(homedir(), "state"), "/work/state", undefined, undefined]);
  });
});
