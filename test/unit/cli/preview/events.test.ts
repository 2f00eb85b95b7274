import assert from "node:assert/strict";
import { test } from "node:test";
import { detailOf } from "../../../../engine/events.ts";
import { secret, UNKNOWN } from "../../../../pulumi/values.ts";
import type { ResourceEvent } from "../../../../cli/deploy/deployer.ts";
import { EventReader } from "../../../../cli/deploy/pulumi-events.ts";

const urn = "urn:pulumi:dev::berth::docker:index/container:Container::redis";
const hidden = { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", ciphertext: "[secret]" };

/** What the reader tells of the CLI's events. */
function read(events: { op: string; [field: string]: unknown }[], details = true): ResourceEvent[] {
  const told: ResourceEvent[] = [];
  const reader = new EventReader((event) => told.push(event), details);
  for (const event of events) {
    const metadata = { urn, type: "docker:index/container:Container", ...event };
    reader.read(JSON.stringify({ resourcePreEvent: { metadata } }));
    reader.read(JSON.stringify({ resOutputsEvent: { metadata } }));
  }
  return told.filter(({ phase }) => phase === "done");
}

test("an event of a preview tells inputs before and after, without secrets, unknowns and the bookkeeping of defaults", () => {
  const old = { inputs: { __defaults: ["name"], image: "redis@sha256:1", envs: [hidden], mounts: [{ __defaults: [], source: "a" }] } };
  const next = { inputs: { image: `redis@${UNKNOWN}`, envs: [hidden], mounts: [{ source: UNKNOWN }] } };
  const detailedDiff = { image: { diffKind: "update" }, "mounts[0].source": { diffKind: "update-replace" } };
  const [event] = read([{ op: "create-replacement", old, new: next, keys: ["mounts"], diffs: ["image", "mounts"], detailedDiff }]);
  assert.deepEqual([event?.op, event?.detail], [
    "replace",
    {
      before: { image: "redis@sha256:1", envs: ["[secret]"], mounts: [{ source: "a" }] },
      after: { image: "redis@[unknown]", envs: ["[secret]"], mounts: [{ source: "[unknown]" }] },
      diff: ["image", "mounts[0].source"],
      replaces: ["mounts[0].source"],
    },
  ]);
});

test("what is deleted before its replacement is made says so, and is told once", () => {
  const [old, next] = [{ inputs: { memory: 128 } }, { inputs: { memory: 96 } }];
  const steps = ["delete-replaced", "replace", "create-replacement"].map((op) => ({ op, old, new: op === "delete-replaced" ? null : next, diffs: ["memory"], keys: ["memory"] }));
  const first = read(steps);
  assert.deepEqual(first.map(({ op, detail }) => [op, detail?.deleteFirst]), [["replace", true]]);
  assert.deepEqual(first[0]?.detail?.replaces, ["memory"]);
  assert.deepEqual(read(steps.toReversed()).map(({ op, detail }) => [op, detail?.deleteFirst]), [["replace", undefined]]);
});

test("a creation has nothing before, a deletion nothing after; what stays and what an update does is not told", () => {
  const state = { inputs: { name: "a" }, parent: "urn:parent" };
  assert.deepEqual(read([{ op: "create", old: null, new: state }])[0]?.detail, { after: { name: "a" }, diff: [], replaces: [], parent: "urn:parent" });
  assert.deepEqual(read([{ op: "delete", old: state, new: null }])[0]?.detail, { before: { name: "a" }, diff: [], replaces: [], parent: "urn:parent" });
  assert.equal(read([{ op: "same", old: state, new: state }])[0]?.detail, undefined);
  assert.equal(read([{ op: "update", old: state, new: state }], false)[0]?.detail, undefined);
});

test("the embedded engine tells the same", () => {
  const detail = detailOf({ __defaults: [], password: secret("canary") }, { password: secret("other"), image: `x@${UNKNOWN}` }, { diff: ["password"], deleteFirst: true });
  assert.deepEqual(detail, { before: { password: "[secret]" }, after: { password: "[secret]", image: "x@[unknown]" }, diff: ["password"], replaces: [], deleteFirst: true });
  assert.deepEqual(detailOf(undefined, {}, { parent: urn }), { after: {}, diff: [], replaces: [], parent: urn });
});

test("what a policy pack says stops the run with its reason where it is mandatory, and warns where it is not", () => {
  const warned: string[] = [];
  const reader = new EventReader(({ message = "" }) => warned.push(message));
  const finding = { resourceUrn: urn, policyName: "privileged", message: "\ntrue\nfix: take it out\n" };
  for (const enforcementLevel of ["mandatory", "advisory"]) reader.read(JSON.stringify({ policyEvent: { ...finding, enforcementLevel } }));
  assert.deepEqual([reader.errors, warned], [["redis breaks privileged: true\nfix: take it out"], ["warning: redis breaks privileged: true\nfix: take it out"]]);
});
