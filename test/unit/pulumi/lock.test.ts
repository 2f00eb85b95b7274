import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { hostname, tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { pathToFileURL } from "node:url";
import { Lock } from "../../../pulumi/lock.ts";

const folder = mkdtempSync(join(tmpdir(), "berth-lock-"));
after(() => rmSync(folder, { recursive: true }));

const script = `
const { Lock } = await import(${JSON.stringify(pathToFileURL(join(import.meta.dirname, "../../../pulumi/lock.ts")).href)});
process.stdin.once("data", () => {
  try { Lock.take(process.argv[1]); console.log("held " + process.pid); } catch (error) { console.log(error.message); }
  process.stdin.once("data", () => process.exit());
});
console.log("ready");`;

/** Processes that take a lock at the same moment; what each of them says. */
async function contend(path: string, count: number): Promise<string[]> {
  const children = Array.from({ length: count }, () => spawn(process.execPath, ["--input-type=module", "-e", script, path], { stdio: ["pipe", "pipe", "inherit"] }));
  const line = (index: number) => new Promise<string>((resolve) => children[index]?.stdout.once("data", (text: Buffer) => resolve(text.toString().trim())));
  await Promise.all(children.map((_, index) => line(index)));
  const answers = children.map((_, index) => line(index));
  for (const child of children) child.stdin.write("go\n");
  const told = await Promise.all(answers);
  await Promise.all(
    children.map((child) => {
      const ended = new Promise((resolve) => child.once("close", resolve));
      child.stdin.write("end\n");
      return ended;
    }),
  );
  return told;
}

test("of processes that take a dead lock at once one holds it; the others name it, its user, its host and since when", async () => {
  for (const round of [1, 2, 3]) {
    const path = join(folder, `state-${round}`);
    const dead = { pid: spawnSync("true").pid, user: "ann", host: hostname(), started: "2026-01-01T00:00:00.000Z", startTicks: "1" };
    writeFileSync(`${path}.lock`, JSON.stringify(dead));
    const told = await contend(path, 5);
    const held = told.filter((text) => text.startsWith("held "));
    assert.equal(held.length, 1, told.join("\n"));
    const holder = `process ${held[0]?.slice("held ".length)} of ${userInfo().username} on ${hostname()} since `;
    for (const text of told.filter((other) => !other.startsWith("held "))) assert.ok(text.startsWith(`the stack is being changed by ${holder}2`), text);
    assert.equal(existsSync(`${path}.lock`), false, "it is released at the end");
  }
  assert.deepEqual(readdirSync(folder), []);
});

test("a lock of another host is not taken over, and the file to remove is named", () => {
  const path = join(folder, "elsewhere");
  writeFileSync(`${path}.lock`, JSON.stringify({ pid: 1, user: "deploy", host: "ci-1", started: "2026-01-01T00:00:00.000Z", startTicks: "1" }));
  assert.throws(() => Lock.take(path), { message: `the stack is being changed by process 1 of deploy on ci-1 since 2026-01-01T00:00:00.000Z: wait until it has ended and run this again. If that machine is gone for good: rm ${path}.lock` });
  rmSync(`${path}.lock`);
});

test("a lock of a machine of the same name is not lifted; one of before this machine's start is", () => {
  const idOf = (file: string) => (existsSync(file) ? readFileSync(file, "utf8").trim() : "");
  const [machine, boot] = [idOf("/etc/machine-id"), idOf("/proc/sys/kernel/random/boot_id")];
  const ended = { pid: spawnSync("true").pid, user: "ann", host: hostname(), started: "2026-01-01T00:00:00.000Z", startTicks: "1" };
  const take = (holder: object) => {
    const path = join(folder, `named-${Math.random()}`);
    writeFileSync(`${path}.lock`, JSON.stringify(holder));
    Lock.take(path).release();
  };
  assert.throws(() => take({ ...ended, machine: "another", boot }), /is being changed by process \d+ of ann/);
  take({ ...ended, machine, boot });
  if (machine === "") assert.throws(() => take({ ...ended, machine: "", boot: "another" }), /is being changed/);
  // Its process may have the number of another one now.
  else take({ ...ended, pid: process.pid, machine, boot: "another" });
});
