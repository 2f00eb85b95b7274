import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { runInLanes } from "../../../../dev/testing/lanes.ts";
import type { Task } from "../../../../dev/testing/places.ts";

const task = (file: string, lane: Task["lane"], seconds: number, more: Partial<Task> = {}): Task => ({ file, lane, seconds, engine: "embedded", ...more });

/** Runs the tasks on a clock of their own: each takes its seconds. What began when, and beside what. */
async function play(tasks: Task[], aborted: () => boolean = () => false, lanes: readonly Task["lane"][] = ["applies", "waits"]) {
  const controller = new AbortController();
  let now = 0;
  const running: { task: Task; until: number; done: () => void }[] = [];
  const began: { name: string; at: number; beside: string[] }[] = [];
  const name = ({ file, engine }: Task) => (tasks.filter((other) => other.file === file).length > 1 ? `${file} ${engine}` : file);
  const all = runInLanes(
    tasks,
    (one) => {
      began.push({ name: name(one), at: now, beside: running.map((other) => name(other.task)) });
      return new Promise((done) => running.push({ task: one, until: now + one.seconds, done }));
    },
    controller.signal,
    lanes,
  );
  const state = { ended: false };
  void all.then(() => (state.ended = true));
  while (!state.ended) {
    await new Promise(setImmediate);
    const first = running.toSorted((a, b) => a.until - b.until)[0];
    if (first === undefined) continue;
    now = first.until;
    running.splice(running.indexOf(first), 1);
    if (aborted()) controller.abort();
    first.done();
  }
  return { began, took: now };
}

describe("the lanes", () => {
  test("run what waits beside what applies, the longest first, and one helps the other when it has nothing left", async () => {
    const { began, took } = await play([task("short", "applies", 10), task("long", "applies", 50), task("middle", "applies", 30), task("alarm", "waits", 20)]);
    assert.deepEqual(began.map(({ name, at }) => `${name} ${at}`), ["long 0", "alarm 0", "middle 20", "short 50"]);
    assert.equal(took, 60);
  });

  test("are as many as they are told", async () => {
    const tasks = [task("a", "applies", 10), task("b", "applies", 20), task("c", "waits", 10), task("d", "waits", 30)];
    const { began, took } = await play(tasks, undefined, ["applies", "waits", "waits"]);
    assert.deepEqual(began.map(({ name, at }) => `${name} ${at}`), ["b 0", "d 0", "c 0", "a 10"]);
    assert.equal(took, 30);
  });

  test("run nothing beside what is alone, which comes last", async () => {
    const { began } = await play([task("load", "alone", 90), task("a", "applies", 10), task("time", "alone", 40), task("b", "waits", 20)]);
    assert.deepEqual(began.map(({ name, at }) => `${name} ${at}`), ["a 0", "b 0", "load 20", "time 110"]);
    assert.deepEqual(began.slice(2).map(({ beside }) => beside), [[], []]);
  });

  test("run a file never beside itself on the other engine, nor beside one that it is apart from", async () => {
    const twice = await play([task("a", "applies", 10), task("a", "applies", 10, { engine: "pulumi" }), task("b", "applies", 5)]);
    for (const { name, beside } of twice.began) if (name.startsWith("a ")) assert.ok(!beside.some((other) => other.startsWith("a ")), `${name} beside ${beside.join()}`);
    const apart = await play([task("kills", "waits", 30, { apart: "out of memory" }), task("counts", "applies", 10, { apart: "out of memory" }), task("b", "applies", 5)]);
    assert.deepEqual(apart.began.map(({ name, at }) => `${name} ${at}`), ["counts 0", "b 0", "kills 10"]);
  });

  test("run every task once", async () => {
    const tasks = Array.from({ length: 40 }, (_, index) => task(`f${index % 30}`, (["applies", "waits", "alone"] as const)[index % 3] ?? "alone", 1 + ((index * 7) % 13), { engine: index < 30 ? "pulumi" : "embedded", ...(index % 4 === 0 && { apart: "x" }) }));
    const { began } = await play(tasks);
    assert.equal(new Set(began.map(({ name }) => name)).size, 40);
    assert.equal(began.length, 40);
  });

  test("begin nothing after an interruption", async () => {
    const { began } = await play([task("a", "applies", 10), task("b", "applies", 20), task("c", "alone", 10), task("d", "waits", 5)], () => true);
    assert.deepEqual(began.map(({ name }) => name), ["b", "d"]);
  });
});
