import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { before, describe, test } from "node:test";
import { scalesOf, withReplicas } from "../../../../cli/replicas/scale.ts";
import { withFile } from "../../../../cli/stack-file/with-file.ts";
import { programCopy } from "../program-copy.ts";

test("words are applications with numbers, each named once", () => {
  assert.deepEqual(scalesOf(["root=3", "my-shop=10", "cart/web=2", "root/worker=2", "root/worker-mail=4"]), { root: 3, "my-shop": 10, cart: 2, "root/worker": 2, "root/worker-mail": 4 });
  for (const word of ["root", "root=", "=3", "root=three", "root=-1", "root=1.5", "root:3", "root/job=1", "root/worker-=1"]) assert.throws(() => scalesOf(["web=1", word]), { code: 2, message: `"${word}" is no application, or worker of one, with a number of replicas: write it as root=3, root/worker=3 or root/worker-mail=3` });
  assert.throws(() => scalesOf(["root=1", "root=2"]), { code: 2, message: /root is named twice/ });
  assert.throws(() => scalesOf([]), { code: 2, message: /\.\/berth scale <app>=<number>/ });
});

test("the number is written into the stack file, and everything else stays, comments among it", () => {
  const text = ["# dev", "config:", "  berth:apps:", "    root:", "      replicas: 2 # for lunch", "      memory: 128MiB", "    shop: { memory: 64MiB } # small", "    cart:", "    notes: {}", "  other: 1", ""].join("\n");
  const scaled = withReplicas(text, { root: 3, shop: 2, cart: 4, notes: 5 });
  assert.equal(scaled, ["# dev", "config:", "  berth:apps:", "    root:", "      replicas: 3 # for lunch", "      memory: 128MiB", "    shop: { memory: 64MiB, replicas: 2 } # small", "    cart:", "      replicas: 4", "    notes: { replicas: 5 }", "  other: 1", ""].join("\n"));
  assert.equal(withReplicas("config:\n  berth:apps:\n    root:\n", { "root/worker": 2, "root/worker-mail": 3, root: 1 }), ["config:", "  berth:apps:", "    root:", "      worker:", "        replicas: 2", "      workers:", "        mail:", "          replicas: 3", "      replicas: 1", ""].join("\n"));
  assert.equal(withReplicas(scaled, { root: 3, notes: 5 }), scaled);
});

test("a stack file is put back when what it was changed for fails, and the error says so with its own exit code", async () => {
  const folder = mkdtempSync(join(tmpdir(), "berth-with-file-"));
  const change = { path: join(folder, "Pulumi.dev.yaml"), before: "a\n", after: "b\n" };
  try {
    writeFileSync(change.path, change.before);
    const seen = await withFile(change, "scaling", () => Promise.resolve(readFileSync(change.path, "utf8")));
    assert.deepEqual([seen, readFileSync(change.path, "utf8")], ["b\n", "b\n"]);
    await assert.rejects(withFile(change, "scaling", () => Promise.reject(Object.assign(new Error("no"), { statusCode: 500 }))), { code: 1, message: `no\nThe scaling was not finished, and ${change.path} is as it was.` });
    assert.equal(readFileSync(change.path, "utf8"), "a\n");
  } finally {
    rmSync(folder, { recursive: true });
  }
});

describe("a number that an application can't have", () => {
  const { folder, main, environment } = programCopy("scale");
  const stackFile = join(folder, "Pulumi.dev.yaml");
  before(() => {
    for (const [app, rest] of [["shop", "web: { port: 1, health: { path: '/' } }"], ["files", "web: { port: 1, health: { path: '/' } }, volumes: { data: '/data' }"], ["post", "worker: { health: ['true'] }, workers: { send: { health: ['true'] } }, volumes: { data: '/data' }"]] as const) {
      mkdirSync(join(folder, "apps", app), { recursive: true });
      writeFileSync(join(folder, "apps", app, "app.ts"), `export default { context: import.meta.dirname, ${rest} };\n`);
    }
    writeFileSync(stackFile, "config:\n  berth:apps: { shop: {}, files: {}, post: {} }\n");
  });

  const refused: [words: string[], code: number, said: RegExp][] = [
    [["shop=2", "files=2"], 6, /nothing was changed:\n {2}berth:apps\.files\.replicas in stack "dev" is 2\n {4}allowed: 1: its containers would write the same volume, data\n {4}fix: {5}pulumi config set -s dev --path 'berth:apps\.files\.replicas' 1/],
    [["shop=65"], 6, /berth:apps\.shop\.replicas in stack "dev" is 65\n {4}allowed: a whole number from 1 to 64/],
    [["shop=0"], 6, /berth:apps\.shop\.replicas in stack "dev" is 0/],
    [["post=2"], 6, /nothing was changed: post of stack "dev" has no web server; what it has, to be named here: post\/worker, post\/worker-send/],
    [["post/worker-sned=2"], 6, /nothing was changed: post of stack "dev" has no worker-sned; what it has/],
    [["post/worker-send=2"], 6, /berth:apps\.post\.workers\.send\.replicas in stack "dev" is 2\n {4}allowed: 1: its containers would write the same volume, data/],
    [["shpo=2"], 2, /"shpo" is no application of stack "dev", which has shop, files, post: did you mean shop\?/],
  ];
  for (const [words, code, said] of refused) {
    test(`is refused: ${words.join(" ")}`, () => {
      const text = readFileSync(stackFile, "utf8");
      const run = spawnSync(process.execPath, [main, "scale", ...words, "-s", "dev"], { encoding: "utf8", env: environment });
      assert.equal(run.status, code, run.stderr);
      assert.match(run.stderr, said);
      assert.equal(readFileSync(stackFile, "utf8"), text);
    });
  }

  test("and one that it can have is written by --no-up, which tells what applies it", () => {
    const run = spawnSync(process.execPath, [main, "scale", "shop=2", "-s", "dev", "--no-up"], { encoding: "utf8", env: environment });
    assert.equal(run.status, 0, run.stderr);
    assert.equal(run.stdout, "Pulumi.dev.yaml has shop=2; apply it by ./berth up shop -s dev\n");
    assert.equal(readFileSync(stackFile, "utf8"), "config:\n  berth:apps: { shop: { replicas: 2 }, files: {}, post: {} }\n");
  });
});
