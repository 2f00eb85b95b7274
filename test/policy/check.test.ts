import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { enforcePolicy, PolicyGate } from "../../cli/policy/check.ts";
import { Project } from "../../cli/project.ts";
import { takesEnvironments } from "../../cli/stack-file/stack-values.ts";

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

test("what the rules can't see is refused by name, and an option that changes nothing of it is not", () =>
  inFolder(async (folder) => {
    symlinkSync(join(import.meta.dirname, "../../node_modules"), join(folder, "node_modules"));
    writeFileSync(join(folder, "Pulumi.yaml"), "name: opted\nruntime: nodejs\nmain: index.mjs\n");
    writeFileSync(join(folder, "Pulumi.prod.yaml"), "config: {}\n");
    const program = (options: string, more = "") =>
      writeFileSync(join(folder, "index.mjs"), `import { Network } from "@pulumi/docker";\n${more}\nnew Network("inner", { name: "inner", internal: true }, { ${options} });\n`);
    program('hideDiffs: ["labels"], import: "abc"');
    await enforcePolicy(new Project(folder), "prod", {});
    program("deletedWith: undefined", 'import { Container, getNetworkOutput } from "@pulumi/docker"; new Container("unseen", { image: getNetworkOutput({ name: "bridge" }).id, privileged: true });');
    await assert.rejects(enforcePolicy(new Project(folder), "prod", {}), /getNetwork is not supported by the policy check/);
    program('envVarMappings: { A: "B" }');
    await assert.rejects(enforcePolicy(new Project(folder), "prod", {}), /inner \(docker:index\/network:Network\): the policy can't tell what it becomes by envVarMappings; take it out/);
  }));
