import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { parse } from "yaml";
import { entryLines, withEntry } from "../../../../cli/new/entry.ts";
import { nameProblem } from "../../../../cli/new/name.ts";
import { addressOf, nextSteps } from "../../../../cli/new/next-steps.ts";
import { readTemplate, renamed, writeFiles } from "../../../../cli/new/template.ts";
import { Project } from "../../../../cli/project.ts";

const folder = mkdtempSync(join(tmpdir(), "berth-new-"));
after(() => rmSync(folder, { recursive: true, force: true }));
const project = new Project(folder);

describe("an entry in a stack file", () => {
  const file = [
    "# the dev stack",
    "config:",
    "    berth:apps: # all of them",
    "        root:",
    "            replicas:   2 # two",
    "            env: { A: 'x' }",
    "    # after",
    "    berth:domain: localhost",
    "",
  ].join("\n");

  test("is added below the others, and every other line stays as it is", () => {
    const text = withEntry(file, "shop", { env: { PORT: "80" } });
    const added = ["        shop:", "          env:", '            PORT: "80"'];
    assert.deepEqual(text.split("\n").filter((line) => !file.split("\n").includes(line)), added);
    assert.deepEqual(text.split("\n").filter((line) => !added.includes(line)), file.split("\n"));
    assert.deepEqual((parse(text) as { config: Record<string, unknown> }).config["berth:apps"], { root: { replicas: 2, env: { A: "x" } }, shop: { env: { PORT: "80" } } });
  });

  test("is the first where there is none, also in braces and without a line end", () => {
    for (const text of ["config:\n  berth:domain: x # y\n", "config:\n  berth:domain: x # y\n  berth:apps: {}\n", "config: { berth:domain: x } # y", "config:\n  berth:domain: x # y\n  berth:apps:\n    a: {}"]) {
      const result = withEntry(text, "shop", {});
      assert.deepEqual((parse(result) as { config: { "berth:apps": Record<string, unknown> } }).config["berth:apps"]["shop"], {});
      assert.match(result, /# y/);
    }
    assert.deepEqual(entryLines("shop", {}), ["shop: {}"]);
  });
});

describe("a name", () => {
  writeFileSync(join(folder, "Pulumi.dev.yaml"), "config:\n  berth:apps:\n    blog: {}\n");
  mkdirSync(join(folder, "apps", "root"), { recursive: true });

  test("follows the stack file's rule, and is nobody else's", () => {
    assert.equal(nameProblem(project, "dev", "my-shop2"), undefined);
    assert.match(nameProblem(project, "dev", "My_Shop") ?? "", /"My_Shop" is not a name: .*small letters/);
    assert.match(nameProblem(project, "dev", "a".repeat(31)) ?? "", /at most 30/);
    assert.match(nameProblem(project, "dev", "postgres") ?? "", /taken by a part of every stack/);
    assert.match(nameProblem(project, "dev", "root") ?? "", /apps\/root exists already/);
    assert.match(nameProblem(project, "dev", "blog") ?? "", /Pulumi\.dev\.yaml has an entry berth:apps\.blog already/);
  });
});

describe("a template", () => {
  const source = join(folder, "apps", "services", "go");
  mkdirSync(join(source, "service_go", "deep"), { recursive: true });
  mkdirSync(join(source, "node_modules"), { recursive: true });
  writeFileSync(join(source, "app.ts"), 'import type { AppDefinition } from "../../../components/index.ts";\n// apps/services/go\nexport default {};\n');
  writeFileSync(join(source, "go.mod"), "module service-go\n");
  writeFileSync(join(source, "service_go", "deep", "a.go"), 'package service_go\n// ../../../../../docs ../x ../../../y\nconst env = "SERVICE_GO_PORT"\n');
  writeFileSync(join(source, "start.sh"), "#!/bin/sh\n", { mode: 0o755 });
  writeFileSync(join(source, "logo.bin"), Buffer.from([0, 1, 115]));
  writeFileSync(join(source, "node_modules", "x.js"), "");

  test("is read with the application's name in files and paths, and its links to the project one level up", () => {
    const { files } = readTemplate(project, "go", "my-shop");
    assert.deepEqual(Object.fromEntries(files.map(({ to, text }) => [to, text])), {
      "app.ts": 'import type { AppDefinition } from "../../components/index.ts";\n// apps/my-shop\nexport default {};\n',
      "go.mod": "module my-shop\n",
      "logo.bin": undefined,
      "my_shop/deep/a.go": 'package my_shop\n// ../../../../docs ../x ../../../y\nconst env = "MY_SHOP_PORT"\n',
      "start.sh": "#!/bin/sh\n",
    });
  });

  test("is written with its modes", () => {
    writeFiles(join(folder, "apps", "my-shop"), readTemplate(project, "go", "my-shop"));
    assert.equal(statSync(join(folder, "apps", "my-shop", "start.sh")).mode & 0o777, 0o755);
    assert.equal(statSync(join(folder, "apps", "my-shop", "logo.bin")).size, 3);
  });

  test("that is not there is named", () => {
    assert.throws(() => readTemplate(project, "rust", "x"), /apps\/services\/rust has no app\.ts/);
    for (const other of ["service-rust", "service-google"]) assert.equal(renamed(other, "go", "x"), other);
  });
});

test("what is printed has the address, and the stacks that have no entry yet", () => {
  writeFileSync(join(folder, "Pulumi.prod.yaml"), "config:\n  berth:domain: example.com\n  berth:publish: { http: 80, https: 443 }\n  berth:apps:\n    blog: {}\n");
  assert.equal(addressOf(project, "dev", "shop"), "http://shop.localhost:8080");
  assert.equal(addressOf(project, "prod", "shop"), "https://shop.example.com");
  const steps = nextSteps(project, "dev", "shop", "http://shop.localhost:8080");
  assert.match(steps, /^Next:\n {2}\.\/berth up +starts it; then it answers at http:\/\/shop\.localhost:8080\n/);
  assert.match(steps, /Pulumi\.prod\.yaml +an entry shop under berth:apps/);
  assert.doesNotMatch(nextSteps(project, "prod", "blog", undefined), /Pulumi\.dev|picture|answers/);
});
