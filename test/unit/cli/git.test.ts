import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { askGit, git } from "../../../cli/git.ts";
import { OpsError } from "../../../cli/exit.ts";

const folder = mkdtempSync(join(tmpdir(), "berth-git-"));
after(() => rmSync(folder, { recursive: true }));
execFileSync("git", ["init", "-q", folder]);

test("what git prints, as it is, and without the white space around it", async () => {
  const blob = await git(folder, ["hash-object", "-w", "--stdin"], { input: "\na line\n" });
  assert.match(blob, /^[0-9a-f]{40}\n$/);
  assert.equal(await git(folder, ["cat-file", "-p", blob.trim()]), "\na line\n");
  assert.equal(await askGit(folder, ["cat-file", "-p", blob.trim()]), "a line");
});

test("a failure is what git said, or undefined where it was only asked", async () => {
  await assert.rejects(git(folder, ["rev-parse", "--verify", "HEAD"]), (error) => error instanceof OpsError && /^git rev-parse failed: fatal: Needed a single revision$/.test(error.message));
  assert.equal(await askGit(folder, ["rev-parse", "--verify", "HEAD"]), undefined);
  await assert.rejects(git(folder, ["status"], { environment: { PATH: "/nowhere" } }), /git status failed: .*ENOENT/s);
});

test("git asks for no password, and its environment is the one that is given", async () => {
  const shown = await git(folder, ["-c", "alias.env=!env", "env"], { environment: { PATH: process.env["PATH"], SHOP: "yes" } });
  assert.match(shown, /^GIT_TERMINAL_PROMPT=0$/m);
  assert.match(shown, /^SHOP=yes$/m);
  assert.doesNotMatch(shown, /^HOME=/m);
});

test("an interruption before it starts starts nothing, and one after ends it", async () => {
  const made = join(folder, "made");
  const signal = AbortSignal.abort("SIGTERM");
  await assert.rejects(git(folder, ["-c", `alias.make=!touch ${made}`, "make"], { signal }));
  assert.ok(!existsSync(made));
  const controller = new AbortController();
  writeFileSync(join(folder, "wait.sh"), `touch ${made}\nexec sleep 60\n`);
  const waiting = git(folder, ["-c", `alias.wait=!exec sh ${folder}/wait.sh`, "wait"], { signal: controller.signal });
  waiting.catch(() => undefined);
  while (!existsSync(made)) await new Promise(setImmediate);
  controller.abort("SIGTERM");
  await assert.rejects(waiting, OpsError);
});
