import assert from "node:assert/strict";
import { test } from "node:test";
import { misfits, type Planned, planOf, stateHash } from "../../../../cli/preview/plan.ts";
import type { Step } from "../../../../cli/preview/tree.ts";
import { container, replica, state, step } from "./steps.ts";

const built = step("update", "docker-build:index:Image", "shop-image", { before: {}, after: { context: { location: "/src" } }, diff: ["contextHash"] });
const steps = (name = "shop-web-0-aaaaaaa", revision = "revision-0123456789ab"): Step[] => [
  built,
  replica(0, { name, envs: ["MODE=b"] }),
  step("replace", container, "routes-write", { before: {}, after: { command: [`http://${name}:8000`, revision] }, diff: ["command[1]"] }),
];
const planned = (more: Partial<Planned> = {}): Planned => ({ stack: "prod", engine: "pulumi", state: state(), settings: { "berth:domain": "a" }, steps: steps(), contexts: { [built.urn]: "1" }, ...more });
const plan = planOf(planned(), new Date(0));

test("a plan fits the same stack, whatever names an engine gives by chance and however secrets are encrypted", () => {
  assert.deepEqual(misfits(plan, planned()), []);
  assert.deepEqual(misfits(plan, planned({ steps: steps("shop-web-0-bbbbbbb", "revision-ffffffffffff") })), []);
  const secret = (ciphertext: string) => ({ resources: [{ urn: "u", type: "t", inputs: { a: { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", ciphertext } } }] });
  assert.equal(stateHash(secret("v1:a")), stateHash(secret("v1:b")));
  assert.deepEqual(misfits(planOf(planned({ state: { resources: [...(state().resources ?? [])] } }), new Date(0)), planned({ state: { resources: (state().resources ?? []).toReversed() } })), []);
});

test("each way in which the world may move is told", () => {
  const moved = state();
  moved.resources?.pop();
  const reasons: [Partial<Planned>, RegExp][] = [
    [{ state: moved }, /^The stack was changed after the plan was made: its state is another one\.$/],
    [{ state: { ...state(), pending_operations: [{ type: "creating", resource: { urn: "u", type: "t" } }] } }, /its state is another one/],
    [{ settings: { "berth:domain": "b" } }, /^Pulumi\.prod\.yaml has other settings or secrets/],
    [{ contexts: { [built.urn]: "2" } }, /^shop-image: it would become something else than in the plan\.$/],
    [{ steps: steps().slice(0, 2) }, /^routes-write: in the plan it is replaced, and now it would stay as it is\.$/],
    [{ steps: [...steps(), step("delete", container, "old", { before: {} })] }, /^old: it would be deleted, and is not in the plan\.$/],
    [{ steps: [built, replica(0, { name: "shop-web-0-aaaaaaa", envs: ["MODE=c"] }), ...steps().slice(2)] }, /^shop-web-0: it would become something else/],
    [{ steps: [built, { ...replica(0, { name: "shop-web-0-aaaaaaa", envs: ["MODE=b"] }), op: "update" as const }, ...steps().slice(2)] }, /^shop-web-0: in the plan it is replaced, and now it would be updated\.$/],
    [{ steps: [built, replica(0, { name: "shop-web-0-aaaaaaa", envs: ["MODE=b"] }, { deleteFirst: true }), ...steps().slice(2)] }, /^shop-web-0: it would become something else/],
    [{ stack: "dev" }, /^It is a plan for the stack "prod", not for "dev"\.$/],
    [{ engine: "embedded" }, /^It was made with the engine "pulumi", and this stack is applied by "embedded"\.$/],
  ];
  for (const [more, expected] of reasons) {
    const told = misfits(plan, planned(more));
    assert.equal(told.length, 1, told.join("\n"));
    assert.match(told[0] ?? "", expected);
  }
});

test("many differences are counted, not listed", () => {
  const many = Array.from({ length: 15 }, (_, index) => step("create", container, `new-${index}`, { after: {} }));
  const told = misfits(planOf(planned({ steps: [] }), new Date(0)), planned({ steps: many }));
  assert.deepEqual([told.length, told.at(-1)], [11, "And 5 steps more."]);
});

test("a plan holds hashes and no values", () => {
  const text = JSON.stringify(planOf(planned({ settings: { "shop:KEY": "canary" }, steps: [replica(0, { envs: ["A=canary"] })] }), new Date(0)));
  assert.doesNotMatch(text, /canary/);
});
