import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { before, describe, test } from "node:test";
import { closed, opened, wantedBy } from "../../../../cli/maintenance/maintenance.ts";
import { programCopy } from "../program-copy.ts";

const text = ["# prod", "config:", "  berth:apps:", "    root:", "      replicas: 2 # for lunch", "    shop:", "    cart: { memory: 64MiB }", ""].join("\n");

test("an application is closed and opened in the stack file, and everything else stays, comments among it", () => {
  const once = closed(text, "root", {});
  assert.equal(once, text.replace("# for lunch\n", "# for lunch\n      maintenance: {}\n"));
  assert.equal(opened(once, "root"), text);
  assert.equal(opened(text, "root"), text);
  const said = closed(text, "shop", { message: "Back soon.", retryAfter: 60, allow: ["203.0.113.7", "10.0.0.0/8"] });
  assert.match(said, / {4}shop:\n {6}maintenance:\n {8}message: Back soon\.\n {8}retryAfter: 60\n {8}allow:\n {10}- 203\.0\.113\.7\n {10}- 10\.0\.0\.0\/8\n/);
  assert.equal(closed(said, "shop", { retryAfter: 90 }), said.replace("60", "90"), "what is not given stays");
  assert.doesNotMatch(closed(said, "shop", { allow: [] }), /allow/);
});

test("options are taken as they are, a number as one, addresses apart", () => {
  assert.deepEqual(wantedBy({ stack: "prod" }), {});
  assert.deepEqual(wantedBy({ message: "x", "retry-after": "90", allow: "10.0.0.1, 10.0.0.2" }), { message: "x", retryAfter: 90, allow: ["10.0.0.1", "10.0.0.2"] });
  assert.deepEqual(wantedBy({ "retry-after": "soon", allow: "none" }), { retryAfter: "soon", allow: [] });
});

describe("the command", () => {
  const { folder, main, environment } = programCopy("maintenance");
  const stackFile = join(folder, "Pulumi.dev.yaml");
  const config = "config:\n  berth:apps: { shop: {}, robot: {} }\n";
  const run = (...words: string[]) => spawnSync(process.execPath, [main, "maintenance", ...words, "-s", "dev"], { encoding: "utf8", env: environment });
  before(() => {
    for (const [app, rest] of [["shop", "web: { port: 1, health: { path: '/' } }"], ["robot", "worker: { health: ['true'] }"]] as const) {
      mkdirSync(join(folder, "apps", app), { recursive: true });
      writeFileSync(join(folder, "apps", app, "app.ts"), `export default { context: import.meta.dirname, ${rest} };\n`);
    }
    writeFileSync(stackFile, config);
  });

  const refused: [words: string[], code: number, said: RegExp][] = [
    [["robot", "on"], 6, /berth:apps\.robot\.maintenance in stack "dev" is .*\n {4}allowed: nothing: apps\/robot\/app\.ts has no `web`/],
    [["shop", "on", "--retry-after", "soon"], 6, /berth:apps\.shop\.maintenance\.retryAfter in stack "dev" is "soon"\n {4}allowed: a whole number from 1 to 86400 seconds/],
    [["shop", "on", "--allow", "everybody"], 6, /berth:apps\.shop\.maintenance\.allow\[0\] in stack "dev" is "everybody"\n {4}allowed: IPv4 or IPv6 addresses/],
    [["shop", "yes"], 2, /"yes" is neither on nor off: \.\/berth maintenance shop on/],
    [["shpo", "on"], 2, /did you mean shop\?/],
    [[], 2, /which application\? \.\/berth maintenance <app> on, or off/],
  ];
  for (const [words, code, said] of refused) {
    test(`is refused, with nothing changed: ${words.join(" ")}`, () => {
      const { status, stderr } = run(...words);
      assert.equal(status, code, stderr);
      assert.match(stderr, said);
      assert.equal(readFileSync(stackFile, "utf8"), config);
    });
  }

  test("writes the file by --no-up, and says which it is", () => {
    assert.deepEqual([run("shop").stdout, run("shop", "on", "--no-up").stdout], ['shop of stack "dev" is open, by its stack file\n', "Pulumi.dev.yaml has shop closed for maintenance; apply it by ./berth up shop -s dev\n"]);
    assert.equal(readFileSync(stackFile, "utf8"), "config:\n  berth:apps: { shop: { maintenance: {} }, robot: {} }\n");
    assert.equal(run("shop").stdout, 'shop of stack "dev" is closed for maintenance, by its stack file\n');
  });
});
