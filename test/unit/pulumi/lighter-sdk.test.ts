import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

const root = join(import.meta.dirname, "../../..");
/** What a program prints that runs as Pulumi.yaml says. */
const printed = (code: string, args: string[] = ["--import", "./pulumi/lighter-sdk.js"]) =>
  execFileSync(process.execPath, [...args, "--input-type=module", "-e", code], { cwd: root, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] }).trim();

const count = 'import pulumi from "@pulumi/pulumi"; import module from "node:module"; console.log(Object.keys(module._cache).length)';

test("the SDK loads less than half of its modules", () => {
  const [all, lighter] = [Number(printed(count, [])), Number(printed(count))];
  assert.ok(lighter < all / 2, `${lighter} of ${all}`);
});

test("resources and outputs work as before", () => {
  assert.equal(printed('import pulumi from "@pulumi/pulumi"; pulumi.output([pulumi.output(1), Promise.resolve(2)]).apply((all) => console.log(all.join("+")))'), "1+2");
});

test("promises of the SDK note no stack, and errors of the program do", () => {
  const code = 'import debuggable from "@pulumi/pulumi/runtime/debuggable.js"; const promise = Promise.resolve(); debuggable.debuggablePromise(promise); console.log(promise._debugStackTrace.split("\\n").length, new Error().stack.split("\\n").length > 1)';
  assert.deepEqual([printed(code), printed(code, []).startsWith("1 ")], ["1 true", false]);
});

for (const [what, code, name] of [
  ["a dynamic provider", 'import pulumi from "@pulumi/pulumi"; await pulumi.runtime.serializeFunction(() => 1)', "typescript"],
  ["the Automation API", 'import pulumi from "@pulumi/pulumi"; await pulumi.automation.LocalWorkspace.create({})', "@pulumi/pulumi/automation"],
] as const) {
  test(`a program that uses ${what} is told what is left out and where`, () => {
    assert.throws(() => printed(code), new RegExp(`pulumi/lighter-sdk.js leaves ${name} out: take that name out of its list`));
  });
}

test("Pulumi.yaml starts the program with it", () => {
  assert.match(readFileSync(join(root, "Pulumi.yaml"), "utf8"), /--import \.\/pulumi\/lighter-sdk\.js/);
});
