import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { enforcePolicy, PolicyGate } from "../../ops/policy/check.ts";
import { Project } from "../../ops/project.ts";

test("a stack with values of Pulumi ESC is not checked, and says so with the command that does", async () => {
  const folder = mkdtempSync(join(tmpdir(), "berth-policy-"));
  try {
    writeFileSync(join(folder, "Pulumi.prod.yaml"), "environment: [acme/prod]\nconfig: {}\n");
    const said: string[] = [];
    await enforcePolicy(new Project(folder), "prod", { onEvent: ({ message = "" }) => said.push(message) });
    assert.equal(said.length, 1);
    assert.match(said[0] ?? "", /^warning: Pulumi\.prod\.yaml takes values from Pulumi ESC.*pulumi preview -s prod --policy-pack policy/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("what has passed is looked at again only when the stack file is another", async () => {
  const folder = mkdtempSync(join(tmpdir(), "berth-policy-"));
  const file = join(folder, "Pulumi.prod.yaml");
  try {
    let times = 0;
    const gate = new PolicyGate(new Project(folder), "prod");
    const enforce = () => gate.enforce({ onEvent: () => void (times += 1) });
    writeFileSync(file, "environment: [acme/prod]\n");
    await enforce();
    await enforce();
    assert.equal(times, 1);
    writeFileSync(file, "environment: [acme/other]\n");
    await enforce();
    assert.equal(times, 2);
    writeFileSync(file, "config: {}\n");
    await assert.rejects(enforce());
    await assert.rejects(enforce(), "what was refused is not taken for passed");
  } finally {
    rmSync(folder, { recursive: true });
  }
});
