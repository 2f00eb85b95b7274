import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { test } from "node:test";
import ts from "typescript";

const root = join(import.meta.dirname, "../..");

/** What the files of each folder may import, beside their own. An application is written in types of `components` alone. */
const below: Record<string, readonly string[]> = {
  components: [],
  apps: ["components"],
  config: ["components"],
  docker: ["components"],
  pulumi: ["components"],
  standins: [],
  policy: ["config", "components", "pulumi"],
  engine: ["pulumi", "docker", "components"],
  "index.ts": ["config", "components", "pulumi"],
  cli: ["engine", "pulumi", "docker", "policy", "config", "components", "standins"],
  dev: ["cli", "engine", "pulumi", "docker", "policy", "config", "components", "standins"],
};

interface Import {
  from: string;
  to: string;
  /** Nothing of it is left when the file runs. */
  type: boolean;
}

/** Every import of one of this project's own files, those of types and those made while running among them. */
function importsOf(file: string, text: string): Import[] {
  const found: Import[] = [];
  const add = (name: ts.Node | undefined, type: boolean) => {
    if (name === undefined || !ts.isStringLiteralLike(name) || !name.text.startsWith(".")) return;
    found.push({ from: file, to: normalize(join(dirname(file), name.text)), type });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) add(node.moduleSpecifier, node.importClause?.isTypeOnly === true);
    else if (ts.isExportDeclaration(node)) add(node.moduleSpecifier, node.isTypeOnly);
    else if (ts.isImportTypeNode(node)) add(ts.isLiteralTypeNode(node.argument) ? node.argument.literal : undefined, true);
    else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) add(node.arguments[0], false);
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(file, text, ts.ScriptTarget.Latest));
  return found;
}

/** The imports that run up, each as `file imports file: why`. */
function upward(imports: readonly Import[]): string[] {
  return imports.flatMap(({ from, to, type }) => {
    const [own = "", other = ""] = [from.split("/")[0], to.split("/")[0]];
    const because =
      own === other
        ? own === "apps" && appOf(from) !== appOf(to) && "an application imports none but itself"
        : !below[own]?.includes(other)
          ? `${own} may import ${below[own]?.join(", ") || "nothing"}`
          : own === "apps" && !type
            ? "an application imports types alone"
            : other === "engine" && !from.startsWith("cli/deploy/") && "engine is imported by cli/deploy alone";
    return because === false ? [] : [`${from} imports ${to}: ${because}`];
  });
}

/** The folder with the application's app.ts: one may hold another, as `apps/profiles/monitor`. */
function appOf(file: string): string {
  let folder = dirname(file);
  while (folder !== "." && !existsSync(join(root, folder, "app.ts"))) folder = dirname(folder);
  return folder;
}

/** One circle of files for each group that leads back to itself, as `a → b → a`. */
function circles(imports: readonly Import[]): string[] {
  const next = Map.groupBy(imports, ({ from }) => from);
  const state = new Map<string, "open" | "done">();
  const found: string[] = [];
  const walk = (file: string, path: readonly string[]): void => {
    if (state.get(file) === "done") return;
    if (state.get(file) === "open") {
      found.push([...path.slice(path.indexOf(file)), file].join(" → "));
      return;
    }
    state.set(file, "open");
    for (const { to } of next.get(file) ?? []) walk(to, [...path, file]);
    state.set(file, "done");
  };
  for (const file of next.keys()) walk(file, []);
  return found;
}

const files = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard", "*.ts"], { cwd: root, encoding: "utf8" })
  .split("\n")
  .filter((file) => file !== "" && !file.startsWith("test/") && !/(^|\/)tests\/|\.test\.ts$/.test(file) && existsSync(join(root, file)));
const imports = files.flatMap((file) => importsOf(file, readFileSync(join(root, file), "utf8")));

test("imports run down: dev → cli → engine → pulumi, docker → components; index, policy → config → components", () => {
  assert.ok(imports.length > 1000, `only ${imports.length} imports were read`);
  assert.deepEqual(files.filter((file) => below[file.split("/")[0] ?? ""] === undefined), [], "in a folder that this test does not know");
  assert.deepEqual(upward(imports), []);
});

test("no file imports itself over others, not even a type", () => {
  assert.deepEqual(circles(imports), []);
});

test("every kind of import is read, and each that runs up is named", () => {
  const text = [
    'import { main } from "../cli/main.ts";',
    'import type { Files } from "./files.ts";',
    'export { up } from "../engine/index.ts";',
    'const policy = await import("../policy/rules.ts");',
    'let lock: typeof import("../pulumi/lock.ts");',
    '// import "../dev/main.ts"; and const text = \'import "../dev/main.ts"\';',
    'import { readFile } from "node:fs/promises";',
  ].join("\n");
  const read = importsOf("docker/client.ts", text);
  assert.deepEqual(read.map(({ to, type }) => [to, type]), [["cli/main.ts", false], ["docker/files.ts", true], ["engine/index.ts", false], ["policy/rules.ts", false], ["pulumi/lock.ts", true]]);
  assert.deepEqual(upward(read).map((line) => line.split(" ")[2]), ["cli/main.ts:", "engine/index.ts:", "policy/rules.ts:", "pulumi/lock.ts:"]);
  assert.deepEqual(upward([{ from: "cli/status/status.ts", to: "engine/limit.ts", type: true }]), ["cli/status/status.ts imports engine/limit.ts: engine is imported by cli/deploy alone"]);
  assert.deepEqual(upward([{ from: "apps/root/app.ts", to: "components/index.ts", type: false }]), ["apps/root/app.ts imports components/index.ts: an application imports types alone"]);
  const circle = (pairs: [string, string][]) => circles(pairs.map(([from, to]) => ({ from, to, type: true })));
  assert.deepEqual(circle([["a", "b"], ["b", "c"], ["c", "b"], ["c", "d"]]), ["b → c → b"]);
  assert.deepEqual(circle([["a", "b"], ["a", "c"], ["b", "c"]]), []);
});
