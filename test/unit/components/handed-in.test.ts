import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

// A component is given what it needs. Shows that none reads these by itself, not that what it is given is right.

const root = join(import.meta.dirname, "../../..");
const sources = globSync("components/**/*.ts", { cwd: root }).map((file): [string, string] => [file, readFileSync(join(root, file), "utf8")]);

for (const [what, forbidden] of [
  ["the environment", /process\.env|process\.cwd/],
  ["a path of the project", /import\.meta/],
  ["another program, git for example", /node:child_process/],
  ["the text of a file", /readFileSync|readFile\b|node:fs\/promises/],
] as const) {
  test(`no component reads ${what}`, () => assert.deepEqual(sources.filter(([, text]) => forbidden.test(text.replaceAll(/^\s*(?:\*|\/\/).*$/gm, "").replaceAll(/\/\*\*.*?\*\//g, ""))).map(([file]) => file), []));
}

test("there are components to look at", () => assert.ok(sources.some(([file]) => file === "components/postgres/postgres.ts")));

test("a getter of a component makes no resource", () => {
  for (const [file, text] of sources) for (const [getter = ""] of text.matchAll(/^ {2}get \w+\([^]*?^ {2}\}$/gm)) assert.doesNotMatch(getter, /\bnew |\?\?=/, file);
});
