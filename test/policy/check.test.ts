import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { enforcePolicy } from "../../ops/policy/check.ts";
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
