import assert from "node:assert/strict";
import { readFileSync, rmSync } from "node:fs";
import { test } from "node:test";
import { embedded } from "../../e2e/engine/engines.ts";
import { TestStack, type Item } from "../../e2e/engine/stack.ts";
import { FakeEngine } from "../docker/fake-engine.ts";

interface Recorded {
  resources: { urn: string; type: string; id?: string; initErrors?: string[] }[];
  pending_operations: { type: string; resource: { urn: string } }[];
}

/** What a stack of one resource records, after an `up` over an engine that answers so. */
async function recorded(item: (prefix: string) => Item, answers: FakeEngine["answers"]) {
  await using engine = await FakeEngine.start();
  Object.assign(engine.answers, { "GET /images/i/json": { body: { Id: "sha256:1" } }, "GET /networks": { body: [] }, "GET /volumes": { body: { Volumes: [] } }, "GET /containers/json": { body: [] }, ...answers });
  const stack = new TestStack();
  try {
    stack.write([{ type: "Provider", name: "host", args: { host: engine.host } }, { ...item(stack.prefix), opts: { provider: "host" } }]);
    const { ok, text } = await embedded(stack).up();
    const { deployment } = JSON.parse(readFileSync(stack.stateFile, "utf8")) as { deployment: Recorded };
    const made = deployment.resources.find(({ type }) => type.startsWith("docker:"));
    return { ok, text, made, pending: deployment.pending_operations.map(({ type }) => type), calls: engine.calls };
  } finally {
    rmSync(stack.folder, { recursive: true });
  }
}

const container = (prefix: string): Item => ({ type: "Container", name: `${prefix}-a`, args: { name: "a", image: "i" } });
const made = { "POST /containers/create": { status: 201, body: { Id: "c1" } } };

test("a container that was made and then could not be looked at is in the state, with the reason", { timeout: 30_000 }, async () => {
  const after = await recorded(container, { ...made, "POST /containers/c1/start": { status: 204 }, "GET /containers/c1/json": { status: 500, body: { message: "the disk is full" } } });
  assert.equal(after.ok, false);
  assert.match(after.text, /container a was made, and then: .*the disk is full/);
  assert.equal(after.made?.id, "c1");
  assert.match(after.made?.initErrors?.[0] ?? "", /the disk is full/);
  assert.deepEqual(after.pending, []);
});

test("one that could not be started and not be removed either is in the state too", { timeout: 30_000 }, async () => {
  const start = { "POST /containers/c1/start": { status: 500, body: { message: "port 80 is taken" } } };
  const kept = await recorded(container, { ...made, ...start, "DELETE /containers/c1": "cut" });
  assert.match(kept.text, /port 80 is taken/);
  assert.equal(kept.made?.id, "c1");
  const removed = await recorded(container, { ...made, ...start, "DELETE /containers/c1": { status: 204 } });
  assert.match(removed.text, /port 80 is taken/);
  assert.equal(removed.made, undefined);
  assert.ok(removed.calls.includes("DELETE /containers/c1"));
});

test("where the connection breaks while it is made, the next run looks for it by name", { timeout: 30_000 }, async () => {
  const broken = await recorded(container, { "POST /containers/create": "cut" });
  assert.equal(broken.ok, false);
  assert.deepEqual(broken.pending, ["creating"]);
  const refused = await recorded(container, { "POST /containers/create": { status: 409, body: { message: "the name is in use" } } });
  assert.deepEqual(refused.pending, []);
});

test("a network and a volume that were made and could not be looked at are in the state", { timeout: 30_000 }, async () => {
  const network = await recorded(() => ({ type: "Network", name: "n", args: { name: "n" } }), { "POST /networks/create": { status: 201, body: { Id: "n1" } }, "GET /networks/n1": "cut" });
  assert.match(network.text, /network n was made, and then: /);
  assert.equal(network.made?.id, "n1");
  assert.equal(network.made.initErrors?.length, 1);
  const volume = await recorded(() => ({ type: "Volume", name: "v", args: { name: "v" } }), { "POST /volumes/create": { status: 201, body: { Name: "v" } }, "GET /volumes/v": "cut" });
  assert.match(volume.text, /volume v was made, and then: /);
  assert.equal(volume.made?.id, "v");
});
