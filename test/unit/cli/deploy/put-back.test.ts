import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import { EmbeddedDeployer, embeddedState } from "../../../../cli/deploy/embedded.ts";
import { Project } from "../../../../cli/project.ts";
import { Lock } from "../../../../pulumi/lock.ts";

const project = new Project(mkdtempSync(join(tmpdir(), "berth-put-back-")));
after(() => rmSync(project.folder, { recursive: true }));

const file = embeddedState(project, "dev");
const deployer = new EmbeddedDeployer({ project, stack: "dev", passphrase: "p" });
const container = (id: string) => ({ urn: "urn::web", type: "docker:index/container:Container", custom: true, id });
const before = JSON.stringify({ version: 3, deployment: { resources: [container("new")] } });

test("a record goes back into the state under its lock, which is free afterwards", async () => {
  writeFileSync(file, before);
  await deployer.putBack([container("old")]);
  assert.deepEqual(JSON.parse(readFileSync(file, "utf8")), { version: 3, deployment: { resources: [container("old")] } });
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.deepEqual(readdirSync(dirname(file)), ["dev.json"]);
});

test("while another update has the lock nothing is written", async () => {
  writeFileSync(file, before);
  const lock = Lock.take(file);
  await assert.rejects(deployer.putBack([container("old")]), new RegExp(`the stack is being changed by process ${process.pid}`));
  lock.release();
  assert.equal(readFileSync(file, "utf8"), before);
  await deployer.putBack([container("old")]);
});
