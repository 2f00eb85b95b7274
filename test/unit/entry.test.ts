import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { readProject } from "../../pulumi/stackfile.ts";

const root = join(import.meta.dirname, "../..");
const { main } = readProject(root);

test("on a Node that can't read TypeScript, plain Pulumi's program says which it needs and how to get it, and no file extension", () => {
  const entry = JSON.stringify(join(root, main));
  const run = (version: string) => {
    const code = `Object.defineProperty(process.versions, "node", { value: "${version}" }); const { default: program } = await import(${entry}); await program().catch(({ message, __pulumiRunError: told }) => { console.log(told, message); process.exit(0); });`;
    return spawnSync(process.execPath, ["--input-type=module", "--eval", code], { cwd: root, encoding: "utf8" }).stdout;
  };
  for (const version of ["20.20.2", "22.17.0"]) {
    assert.match(run(version), new RegExp(`^true this program needs Node 22\\.18 or later, and the node on PATH is ${version.replaceAll(".", "\\.")}\\. .*(export PATH=|nodejs\\.org)`));
  }
  // One that can goes on to index.ts, which misses a stack here.
  assert.doesNotMatch(run("22.18.0"), /needs Node/);
});

test("the version is that which package.json names", () => {
  const { engines } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { engines: { node: string } };
  assert.equal(engines.node, ">=22.18");
});
