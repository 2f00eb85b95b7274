import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { enforcePolicy, PolicyGate } from "../../ops/policy/check.ts";
import { Project } from "../../ops/project.ts";
import { takesEnvironments } from "../../ops/stack-values.ts";

const inFolder = async (run: (folder: string) => Promise<void>) => {
  const folder = mkdtempSync(join(tmpdir(), "berth-policy-"));
  await run(folder).finally(() => rmSync(folder, { recursive: true }));
};

test("a stack with values of Pulumi ESC, which only the CLI knows, is refused, not passed unseen", () =>
  inFolder(async (folder) => {
    for (const environment of ["[acme/prod]", "{ imports: [acme/prod] }"]) {
      writeFileSync(join(folder, "Pulumi.prod.yaml"), `environment: ${environment}\nconfig: {}\n`);
      await assert.rejects(enforcePolicy(new Project(folder), "prod", {}), /environment of Pulumi\.prod\.yaml takes values from Pulumi ESC.*--engine pulumi/);
    }
  }));

test("an environment that names nothing does not switch the policy off", () =>
  inFolder(async (folder) => {
    for (const environment of ["", "[]", "{}"]) {
      writeFileSync(join(folder, "Pulumi.prod.yaml"), `environment: ${environment}\n`);
      assert.equal(takesEnvironments(folder, "prod"), false, environment);
    }
  }));

test("what has passed is looked at again only when the stack file is another", () =>
  inFolder(async (folder) => {
    const [file, runs] = [join(folder, "Pulumi.prod.yaml"), join(folder, "runs")];
    const times = () => readFileSync(runs, "utf8").length;
    symlinkSync(join(import.meta.dirname, "../../node_modules"), join(folder, "node_modules"));
    writeFileSync(join(folder, "Pulumi.yaml"), "name: counted\nruntime: nodejs\nmain: index.mjs\n");
    writeFileSync(join(folder, "index.mjs"), `import { appendFileSync } from "node:fs"; appendFileSync(${JSON.stringify(runs)}, "x");`);
    const gate = new PolicyGate(new Project(folder), "prod");
    writeFileSync(file, "config: {}\n");
    await gate.enforce({});
    await gate.enforce({});
    assert.equal(times(), 1);
    writeFileSync(file, "config: { counted:a: b }\n");
    await gate.enforce({});
    assert.equal(times(), 2);
    writeFileSync(file, "environment: [acme/prod]\n");
    await assert.rejects(gate.enforce({}));
    await assert.rejects(gate.enforce({}), "what was refused is not taken for passed");
  }));
