import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { renderApp } from "../../../cli/init/app-file.ts";

// Shows where a project's own files take names of the components from; that `init` and `new` write files that compile is
// shown by their own tests.

const root = join(import.meta.dirname, "../../..");
const read = (file: string) => readFileSync(join(root, file), "utf8");
/** Files of the components that a text imports from, from the project's folder. */
const taken = (text: string) => [...text.matchAll(/from "(?:\.\.?\/)+(components\/[^"]+)"/g)].map(([, file]) => file);

const written = renderApp("a Dockerfile", "import.meta.dirname", { definition: {}, reasons: {}, env: {}, assumed: [], check: [] });
const texts: [string, string][] = [
  ...globSync("apps/**/app.ts", { cwd: root }).map((file): [string, string] => [file, read(file)]),
  ["what ./berth init writes", written],
  ["the example of the README", /```ts\n([^`]*)```/.exec(read("README.md"))?.[1] ?? ""],
  ["index.ts", read("index.ts")],
];

for (const [what, text] of texts) {
  test(`${what} takes names of the components from components/index.ts alone`, () => assert.deepEqual(taken(text), ["components/index.ts"]));
}

test("there are applications and templates to look at", () => {
  for (const file of ["apps/root/app.ts", "apps/services/go/app.ts"]) assert.ok(texts.some(([what]) => what === file), file);
});
