import assert from "node:assert/strict";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, beforeEach, describe, test } from "node:test";
import { PulumiDeployer } from "../../../../cli/deploy/pulumi.ts";
import { OpsError } from "../../../../cli/exit.ts";
import { Project } from "../../../../cli/project.ts";

const folder = mkdtempSync(join(tmpdir(), "berth-pulumi-"));
after(() => rmSync(folder, { recursive: true }));
beforeEach(() => rmSync(calls, { force: true }));
writeFileSync(join(folder, "Pulumi.yaml"), "name: berth\n");
writeFileSync(join(folder, "Pulumi.prod.yaml"), "config: {}\n");
const calls = join(folder, "calls.txt");
const command = join(folder, "pulumi");

/** A CLI that writes down how it is called, and then does this. */
function script(body: string, executable = command): PulumiDeployer {
  writeFileSync(command, `#!/bin/sh\necho "$@" >> ${calls}\n${body}\n`);
  chmodSync(command, 0o755);
  const backend = { url: "file:///state", reason: "test", isNamed: true, variables: {} };
  return new PulumiDeployer({ project: new Project(folder), stack: "prod", cli: { command: executable, version: "3.260.0" }, backend, environment: { PATH: process.env["PATH"] }, onNote: () => undefined });
}

async function failure(work: Promise<unknown>): Promise<OpsError> {
  const error: unknown = await work.then(() => undefined, (reason: unknown) => reason);
  assert.ok(error instanceof OpsError, String(error));
  return error;
}

describe("the Pulumi CLI as a process", () => {
  test("an interruption before it starts starts nothing", async () => {
    const deployer = script("exit 0");
    const error = await failure(deployer.refresh({ signal: AbortSignal.abort("SIGTERM") }));
    assert.equal(error.code, 130);
    assert.ok(!existsSync(calls), "it was started");
    assert.equal((await failure(deployer.up({ signal: AbortSignal.abort("SIGTERM") }))).code, 130);
    assert.ok(!existsSync(calls), "it was started");
  });

  // `pulumi destroy --exclude-protected` ends with 0, though most is still there.
  for (const code of [255, 0]) test(`an interruption while it runs is a SIGINT, whose end is waited for, also where it is ${code}`, async () => {
    const deployer = script(`trap 'sleep 0.3; echo ended >> ${calls}; exit ${code}' INT; echo waits >> ${calls}; while :; do sleep 0.05; done`);
    const controller = new AbortController();
    const running = failure(deployer.refresh({ signal: controller.signal }));
    while (!(existsSync(calls) && readFileSync(calls, "utf8").includes("waits"))) await new Promise(setImmediate);
    controller.abort("SIGTERM");
    assert.match((await running).message, /^interrupted; what was begun is recorded/);
    assert.match(readFileSync(calls, "utf8"), /ended\n$/);
  });

  test("more than 100 million characters of state are read", async () => {
    const deployer = script(`printf '{"deployment":{"resources":[],"padding":"'; head -c 101000000 /dev/zero | tr '\\0' x; printf '"}}'`);
    assert.deepEqual((await deployer.state()).resources, []);
  });

  test("does few things at once on a host over ssh, where each is a connection, and as many as it likes elsewhere", async () => {
    for (const [host, bound] of [["ssh://deploy@berth.example.com", true], ["unix:///var/run/docker.sock", false]] as const) {
      writeFileSync(join(folder, "Pulumi.prod.yaml"), `config: { "berth:docker": "${host}" }\n`);
      rmSync(calls, { force: true });
      await script("exit 0").refresh({});
      assert.equal(/^refresh .*--parallel 8( |$)/m.test(readFileSync(calls, "utf8")), bound, host);
    }
    writeFileSync(join(folder, "Pulumi.prod.yaml"), "config: {}\n");
  });

  test("of some applications a preview excludes the others, an update has targets, and the program is told which; else it is told that all are", async () => {
    // With values of Pulumi ESC the CLI alone runs the program.
    writeFileSync(join(folder, "Pulumi.prod.yaml"), "environment: [acme]\nconfig: {}\n");
    const scope = { apps: ["root"], known: ["root", "shop"], others: ["urn:shop", "urn:routes-write"], own: ["urn:root"] };
    const deployer = script(`echo "scope=$BERTH_SCOPE." >> ${calls}`);
    await deployer.preview({ scope });
    await deployer.checkPolicy({ scope });
    await deployer.up({ scope, targets: ["urn:root", "urn:route-root"] });
    await deployer.preview({});
    const lines = readFileSync(calls, "utf8").trimEnd().split("\n");
    const words = (line = "") => [line.split(" ")[0], ...(line.match(/--(exclude|target|message) \S+( \S+){0,4}?(?= --|$)/g) ?? [])];
    const excluded = ["preview", "--exclude urn:shop", "--exclude urn:routes-write"];
    const [preview, told, check, toldToo, up, alike, whole, all] = lines;
    assert.deepEqual([words(preview), words(check)], [excluded, excluded]);
    assert.deepEqual(words(up).filter((word) => !word?.startsWith("--message")), ["up", "--target urn:root", "--target urn:route-root"]);
    assert.match(up ?? "", /--message berth up of root by /);
    assert.deepEqual([told, toldToo, alike], Array.from({ length: 3 }, () => 'scope={"apps":["root"],"known":["root","shop"]}.'));
    assert.deepEqual([words(whole), all, lines.length], [["preview"], "scope=.", 8]);
    writeFileSync(join(folder, "Pulumi.prod.yaml"), "config: {}\n");
  });

  test("one that is not there is told as such", async () => {
    assert.match((await failure(script("exit 0", join(folder, "gone")).state())).message, /ENOENT/);
  });

  test("what it says on standard error is the failure", async () => {
    assert.equal((await failure(script("echo 'error: no such backend' >&2; exit 255").state())).message, "no such backend");
  });
});
