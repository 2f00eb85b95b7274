import assert from "node:assert/strict";
import { container, neverHealthy, replica, type Scenarios } from "./containers.ts";
import type { Item, TestStack } from "./stack.ts";

const group = (name: string): Item => ({ type: "Group", name });
const within = (parent: string, item: Item): Item => ({ ...item, opts: { ...item.opts, parent } });

/** A part that two groups share, a container of each group, and one that waits for both: `a` and `a-b` differ in more than a pattern tells. */
function items(stack: TestStack, { shared = "1", a = "1", b }: { shared?: string; a?: string; b?: string | undefined }): Item[] {
  const volume: Item = { type: "Volume", name: `${stack.prefix}-shared`, args: { labels: [{ label: "version", value: shared }] } };
  const of = (name: string, version: string): Item[] => [group(name), within(name, replica(stack, `${name}-web`, version))];
  const waits = ["a", ...(b === undefined ? [] : ["a-b"])].map((name) => `${stack.prefix}-${name}-web`);
  return [volume, ...of("a", a), ...(b === undefined ? [] : of("a-b", b)), { ...container(stack, "last"), dependsOn: waits }];
}

const urn = (stack: TestStack, type: string, name: string) => `urn:pulumi:dev::${stack.prefix}::${type}::${name}`;
const containerIn = (stack: TestStack, name: string, inGroup = true) => urn(stack, `${inGroup ? "test:index:Group$" : ""}docker:index/container:Container`, `${stack.prefix}-${name}`);

/** An update of some resources, by a program that does not register all. */
export const targets: Scenarios = {
  async "changes its targets alone: what is registered beside them and what is not stay, and the state is in order"(stack, engine) {
    stack.write(items(stack, { b: "1" }));
    assert.ok((await engine.up()).ok);
    const before = stack.containers();
    const of = (name: string) => stack.containers().find((own) => own.name.startsWith(`${stack.prefix}-${name}-`))?.id;
    const [web, others] = [of("a-web"), ["a-b-web", "last"].map(of)];
    stack.write(items(stack, { shared: "2", a: "2" }));
    const left = [urn(stack, "test:index:Group", "a-b"), containerIn(stack, "a-b-web"), containerIn(stack, "last", false)];
    const looked = await engine.preview({ exclude: left });
    assert.deepEqual(looked.steps.map(([op, name]) => `${op} ${name.replace(`${stack.prefix}-`, "")}`).toSorted(), ["replace a-web", "replace shared"], looked.text);
    const outcome = await engine.up({ targets: [urn(stack, "test:index:Group", "a"), containerIn(stack, "a-web")] });
    assert.ok(outcome.ok, outcome.text);
    const { same: _, ...changed } = outcome.changes;
    assert.deepEqual(changed, { replace: 1 }, outcome.text);
    assert.equal(stack.containers().length, before.length);
    assert.notEqual(of("a-web"), web);
    assert.deepEqual(["a-b-web", "last"].map(of), others);
    assert.deepEqual(disordered(await engine.state()), []);
    // The whole program finds what is left to do, and nothing else.
    stack.write(items(stack, { shared: "2", a: "2", b: "1" }));
    assert.deepEqual((await engine.preview()).steps.map(([op, name]) => `${op} ${name}`), [`replace ${stack.prefix}-shared`]);
  },

  async "goes through while another group is half replaced, and the whole update cleans up after that"(stack, engine) {
    stack.write(items(stack, { b: "1" }));
    assert.ok((await engine.up()).ok);
    stack.write(items(stack, { b: "2" }).map((item) => (item.name.endsWith("a-b-web") ? within("a-b", replica(stack, "a-b-web", "2", neverHealthy)) : item)));
    assert.equal((await engine.up()).ok, false);
    const broken = stack.containers().filter(({ name }) => name.includes("a-b-web"));
    assert.equal(broken.length, 2, "the good one, and the one that never got healthy");
    stack.write(items(stack, { a: "2" }));
    const outcome = await engine.up({ targets: [urn(stack, "test:index:Group", "a"), containerIn(stack, "a-web")] });
    assert.ok(outcome.ok, outcome.text);
    assert.equal(outcome.changes["replace"], 1, outcome.text);
    assert.deepEqual(stack.containers().filter(({ name }) => name.includes("a-b-web")).map(({ id }) => id), broken.map(({ id }) => id));
    assert.deepEqual(disordered(await engine.state()), []);
    stack.write(items(stack, { a: "2", b: "3" }));
    const whole = await engine.up();
    assert.ok(whole.ok, whole.text);
    assert.equal(stack.containers().length, 3);
  },
};

/** Records that come before one that they need, which the CLI refuses to read. */
function disordered(state: string): string[] {
  const { deployment } = JSON.parse(state) as { deployment: { resources: { urn: string; parent?: string; dependencies?: string[] }[] } };
  const seen = new Set<string>();
  return deployment.resources.flatMap(({ urn: own, parent, dependencies = [] }) => {
    const missing = [...dependencies, ...(parent === undefined ? [] : [parent])].filter((needed) => !seen.has(needed));
    seen.add(own);
    return missing.map((needed) => `${own} before ${needed}`);
  });
}
