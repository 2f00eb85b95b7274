import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test, type TestContext } from "node:test";
import { cleanEnvironment } from "../../../../cli/setup/clean-environment.ts";

// Shows what is refused and what is handed on. That the pinned sums are those of the packages in npm's registry is shown by
// each machine on which `berth` installs Node.

const root = join(import.meta.dirname, "../../../..");

function folder(context: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), "berth-supply-"));
  context.after(() => rmSync(path, { recursive: true }));
  mkdirSync(join(path, "bin"));
  return path;
}

const program = (path: string, name: string, script: string) => writeFileSync(join(path, "bin", name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });

test("an installer, a plugin's download, a linter and a scanner see no secret of the operator", () => {
  const secrets = { PULUMI_CONFIG_PASSPHRASE: "x", PULUMI_ACCESS_TOKEN: "x", AWS_ACCESS_KEY_ID: "x", AWS_SECRET_ACCESS_KEY: "x", BERTH_SSH_KEY: "x", BERTH_REGISTRY_PASSWORD: "x", GITHUB_TOKEN: "x", DB_PASSWORD: "x", NODE_OPTIONS: "--require x", LD_PRELOAD: "x" };
  const plain = { PATH: "/bin", HOME: "/root", https_proxy: "http://127.0.0.1:3128", PULUMI_HOME: "/p", TRIVY_DB_REPOSITORY: "r", PIP_INDEX_URL: "https://pypi.example.com", DOCKER_HOST: "unix:///run/docker.sock" };
  assert.deepEqual(cleanEnvironment({ ...secrets, ...plain }), plain);
});

test("a Node that is not the pinned one is not run, and not installed", (context) => {
  const path = folder(context);
  copyFileSync(join(root, "berth"), join(path, "berth"));
  program(path, "node", '[ "$1" = -v ] && echo v18.0.0 && exit\nexit 1');
  // A registry that gives something else under that version.
  program(path, "npm", `echo "$1" >> ${path}/calls\n[ "$1" = config ] && echo https://evil.invalid/\n[ "$1" = pack ] && echo tampered > "$3/\${5%@*}-\${5#*@}.tgz"\nexit 0`);
  const run = spawnSync("bash", [join(path, "berth"), "up"], { encoding: "utf8", env: { PATH: `${path}/bin:/usr/bin:/bin`, HOME: path } });
  assert.equal(run.status, 3, run.stderr);
  assert.match(run.stderr, /node-linux-\w+@[\d.]+ of https:\/\/evil\.invalid\/ is not what it must be: its SHA-512 is [0-9a-f]{16}…, not [0-9a-f]{16}….*Nothing of it was run/);
  assert.deepEqual(readFileSync(join(path, "calls"), "utf8").trim().split("\n"), ["pack", "config"], "npm installed it");
  assert.ok(!existsSync(join(path, ".berth/tools/node/node_modules")));
});

describe("berth images lock", () => {
  const digest = `sha256:${"ab".repeat(32)}`;
  const lock = (context: TestContext, docker: string) => {
    const path = folder(context);
    mkdirSync(join(path, "config"));
    writeFileSync(join(path, "Pulumi.yaml"), "name: berth\n");
    const file = join(path, "config/images.lock.json");
    writeFileSync(file, JSON.stringify({ redis: "redis:8.0", trivy: `ghcr.io/aquasecurity/trivy:0.74.0@sha256:${"00".repeat(32)}` }));
    program(path, "docker", docker);
    const code = `import { command } from ${JSON.stringify(join(root, "cli/images/images.ts"))};
      import { Project } from ${JSON.stringify(join(root, "cli/project.ts"))};
      import { Terminal } from ${JSON.stringify(join(root, "cli/terminal.ts"))};
      const context = { project: new Project(${JSON.stringify(path)}), terminal: new Terminal(process.stdout, process.stderr, {}), environment: process.env, signal: new AbortController().signal };
      await command.run(context, { positionals: ["lock"], values: {}, flags: {} });`;
    const run = spawnSync(process.execPath, ["--input-type=module", "--eval", code], { encoding: "utf8", env: { ...process.env, PATH: `${path}/bin:${process.env["PATH"]}` } });
    return { run, written: JSON.parse(readFileSync(file, "utf8")) as Record<string, string> };
  };

  test("writes the digest of each tag, the scanner's too, in place of an older one", (context) => {
    const { run, written } = lock(context, `echo ${digest}`);
    assert.equal(run.status, 0, run.stderr);
    assert.deepEqual(written, { redis: `redis:8.0@${digest}`, trivy: `ghcr.io/aquasecurity/trivy:0.74.0@${digest}` });
  });

  test("writes nothing where one can't be had: the policy asks for all of them once there is one", (context) => {
    const { run, written } = lock(context, `[ "$4" = redis:8.0 ] && echo "dial tcp: i/o timeout" >&2 && exit 1\necho ${digest}`);
    assert.notEqual(run.status, 0);
    assert.match(run.stderr, /redis:8\.0: dial tcp: i\/o timeout[^]*1 of 2 digests could not be had, so images\.lock\.json stays as it is/);
    assert.equal(written["redis"], "redis:8.0");
  });
});
