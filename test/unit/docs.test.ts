import assert from "node:assert/strict";
import { existsSync, globSync, readFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { parse } from "yaml";
import { z } from "zod";
import { checkConfig } from "../../config/config.ts";
import type { AppDefinition } from "../../components/index.ts";
import { commands } from "../../dev/commands.ts";
import { fields, schema, secretFields } from "../../config/settings.ts";

// Shows that what the documents name exists; not that what they say of it is true.

const root = join(import.meta.dirname, "../..");
const read = (file: string) => readFileSync(join(root, file), "utf8");
const documents = ["README.md", "CHANGELOG.md", "CONTRIBUTING.md", ...globSync("docs/*.md", { cwd: root }).sort()];

/** Names of headings as GitHub makes anchors of them. */
function anchors(file: string): string[] {
  const headings = [...read(file).matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) => heading);
  return headings.map((heading) => heading.toLowerCase().replace(/[^\w\- ]/g, "").replaceAll(" ", "-"));
}

for (const document of documents) {
  test(`${document}: links within the repository lead somewhere`, () => {
    for (const [, target = ""] of read(document).matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^https?:/.test(target)) continue;
      const [path = "", anchor] = target.split("#");
      const file = path === "" ? document : join(dirname(document), path);
      assert.ok(existsSync(join(root, file)), `${target} does not exist`);
      if (anchor !== undefined) assert.ok(anchors(file).includes(anchor), `${target}: there is no such heading`);
    }
  });

  test(`${document}: commands, their options, and npm scripts exist`, async () => {
    const scripts = (JSON.parse(read("package.json")) as { scripts: Record<string, string> }).scripts;
    for (const [, script = ""] of read(document).matchAll(/npm run ([\w:-]+)/g)) assert.ok(scripts[script] !== undefined, `npm run ${script}`);
    for (const [, name = "", rest = ""] of read(document).matchAll(/\.\/berth ([a-z]+)((?: [^`\n#,;.|]+)?)/g)) {
      assert.ok(Object.hasOwn(commands, name), `./berth ${name}`);
      const { command } = await commands[name]!.load();
      for (const [, option = ""] of rest.matchAll(/ --([a-z-]+)/g)) assert.ok(option in command.options, `./berth ${name} --${option}`);
    }
  });

  test(`${document}: files and folders that it names exist`, () => {
    for (const [, path = ""] of read(document).matchAll(/`((?:apps|components|config|cli|dev|docker|pulumi|policy|engine|standins|test|docs)\/[\w./-]*)`/g)) {
      if (!/^apps\/(hello|shop)/.test(path)) assert.ok([path, join("test/e2e", path)].some((place) => existsSync(join(root, place))), path);
    }
  });
}

/** Files of tests with the titles that are named after them: "`a.test.ts`: `one`, `two…`" and the like. */
function namedTests(text: string): [file: string, title: string][] {
  const runs = text.matchAll(/`([\w./-]+\.(?:ts|py|rs))`(: `[^`]+`(?:, `[^`]+`)*)/g);
  return [...runs].flatMap(([, file = "", titles = ""]) => [...titles.matchAll(/`([^`]+)`/g)].map(([, title = ""]): [string, string] => [file, title]));
}

for (const document of [...documents, ...globSync("apps/**/README.md", { cwd: root }).sort()]) {
  test(`${document}: the tests that it names by file and title exist`, () => {
    for (const [file, title] of namedTests(read(document)).filter(([, name]) => !/^[\w./-]+\.(ts|py|rs|md|yml)$/.test(name))) {
      const found = [file, join("test/e2e", file), join(dirname(document), file), join(dirname(document), "tests", file)].find((path) => existsSync(join(root, path)));
      assert.ok(found !== undefined, file);
      // "…" stands for what was left out.
      for (const part of title.split("…")) assert.ok(read(found).includes(part.trim()), `${found} has no test "${title}"`);
    }
  });
}

test("docs/commands.md names every command", () => {
  for (const name of Object.keys(commands)) assert.ok(read("docs/commands.md").includes(`\`./berth ${name}`), name);
});

interface Schema {
  properties?: Record<string, Schema>;
  additionalProperties?: Schema | boolean;
  anyOf?: Schema[];
  oneOf?: Schema[];
  default?: unknown;
}

/** Each value of the schema by its full key, with its default. */
function keysOf(path: string, { properties, additionalProperties, anyOf, oneOf, default: given }: Schema): [string, unknown][] {
  const inner = [
    ...Object.entries(properties ?? {}).flatMap(([key, value]) => keysOf(`${path}.${key}`, value)),
    ...(anyOf ?? oneOf ?? []).flatMap((shape) => keysOf(path, shape)),
    ...(typeof additionalProperties === "object" ? keysOf(`${path}.${path.endsWith(".env") ? "<NAME>" : "<name>"}`, additionalProperties) : []),
  ];
  return inner.length > 0 ? inner : [[path, given]];
}

/** Rows of all tables: cells of those that begin with a key. */
function rows(file: string): string[][] {
  const lines = read(file).split("\n").filter((line) => /^\| `[a-z<>]+:[^ ]/.test(line));
  return lines.map((line) => line.split(/(?<!\\)\|/).slice(1, -1).map((cell) => cell.trim()));
}

test("docs/configuration.md has every key of a stack file, with its default, and no other", () => {
  const properties = (z.toJSONSchema(schema, { io: "input" }) as Schema).properties ?? {};
  const defaults = new Map(Object.entries(properties).flatMap(([key, value]) => keysOf(`berth:${key}`, value)));
  // The default of the whole group, which has two forms.
  const registry = fields.registry.parse(undefined);
  if ("port" in registry) defaults.set("berth:registry.port", registry.port);
  const table = rows("docs/configuration.md");
  const secrets = [...Object.keys(secretFields).map((name) => `berth:${name}`), "<app>:<NAME>"];
  assert.deepEqual(table.map(([key = ""]) => key.replaceAll("`", "")).toSorted(), [...defaults.keys(), ...secrets].toSorted());
  for (const [key = "", , cell = ""] of table) {
    const value = defaults.get(key.replaceAll("`", ""));
    if (value !== undefined) assert.equal(cell, `\`${typeof value === "string" ? value : JSON.stringify(value)}\``, `default of ${key}`);
  }
});

for (const document of ["README.md", "docs/applications.md"]) {
  test(`the application in ${document} is a definition, and its entry a right stack file`, async () => {
    const text = read(document);
    const code = /```ts\n(import [^`]*)```/.exec(text)?.[1] ?? "";
    const { default: hello } = (await import(`data:text/javascript,${encodeURIComponent(stripTypeScriptTypes(code))}`)) as { default: AppDefinition };
    assert.equal(typeof hello.web?.port, "number");
    const entry = /`(hello: \{[^`]*\})`/.exec(text)?.[1] ?? "";
    const raw = { stack: "test", values: { "berth:apps": JSON.stringify(parse(entry)), "berth:secrets": "generate" }, isSecret: () => false, environment: {} };
    assert.deepEqual(checkConfig(raw, { hello }).problems, []);
  });
}

test("the stack file of docs/first-deploy.md lacks nothing but the password that the next step sets", async () => {
  const { config } = parse(/```yaml\n([^`]*)```/.exec(read("docs/first-deploy.md"))?.[1] ?? "") as { config: Record<string, unknown> };
  const values = Object.fromEntries(Object.entries(config).map(([key, value]) => [key, typeof value === "string" ? value : JSON.stringify(value)]));
  const { default: shop } = (await import("../../apps/services/node/app.ts")) as { default: AppDefinition };
  const { problems } = checkConfig({ stack: "prod", values, isSecret: () => false, environment: {} }, { shop });
  assert.deepEqual(problems.map(({ field }) => field), ["berth:registryPassword"]);
  assert.match(read("docs/first-deploy.md"), /^\.\/berth secret berth:registryPassword -s prod$/m);
});

test("the README is at most 150 lines", () => assert.ok(read("README.md").split("\n").length <= 151));

test("the licence is the text of the identifier in package.json", () => {
  assert.equal((JSON.parse(read("package.json")) as { license: string }).license, "Apache-2.0");
  assert.match(read("LICENSE"), /^\s+Apache License\n\s+Version 2\.0, January 2004\n/);
});
