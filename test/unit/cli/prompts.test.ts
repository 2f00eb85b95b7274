import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Crypter } from "../../../pulumi/secrets.ts";
import { programCopy } from "./program-copy.ts";

const { folder, main, environment } = programCopy("prompts");
const stackFile = join(folder, "Pulumi.dev.yaml");
writeFileSync(stackFile, "config: {}\n");

/** Each text is waited for on a pseudo terminal, and answered by what is typed, or by the signal that is named. */
const driver = `
import json, os, pty, select, signal, sys, time
steps, command = json.loads(sys.argv[1]), sys.argv[2:]
pid, fd = pty.fork()
if pid == 0: os.execvp(command[0], command)
shown, seen, deadline = b"", 0, time.time() + 60
while time.time() < deadline:
    ready, _, _ = select.select([fd], [], [], 1)
    if not ready: continue
    try: part = os.read(fd, 65536)
    except OSError: break
    if not part: break
    shown += part
    if steps and steps[0][0].encode() in shown[seen:]:
        (_, typed), seen = steps.pop(0), len(shown)
        if typed.startswith("SIG"): os.kill(pid, getattr(signal, typed))
        else: os.write(fd, typed.encode())
else: os.kill(pid, signal.SIGKILL)
_, status = os.waitpid(pid, 0)
sys.stdout.buffer.write(shown)
sys.exit(os.waitstatus_to_exitcode(status))
`;

function onTerminal(args: string[], ...steps: [wanted: string, typed: string][]): { code: number | null; shown: string } {
  const { status, stdout, stderr } = spawnSync("python3", ["-c", driver, JSON.stringify(steps), process.execPath, main, ...args], {
    encoding: "utf8",
    env: { ...environment, TERM: "xterm" },
  });
  assert.equal(stderr, "");
  return { code: status, shown: stdout };
}

const secret = ["secret", "root:ROOT_SECRET", "-s", "dev"];

for (const typed of ["\u0003", "SIGTERM", "SIGINT"]) {
  test(`${typed === "\u0003" ? "Ctrl-C" : typed} at a prompt is exit code 130 and one line, and changes nothing`, () => {
    const { code, shown } = onTerminal(secret, ["root:ROOT_SECRET:", typed]);
    assert.equal(code, 130, shown);
    assert.match(shown, /interrupted; nothing was changed/);
    assert.doesNotMatch(shown, /^\s+at |Error:|node_modules/m);
    assert.equal(readFileSync(stackFile, "utf8"), "config: {}\n");
  });
}

test("what is typed for a secret is not shown, and is in the stack file encrypted", async () => {
  const { code, shown } = onTerminal(secret, ["root:ROOT_SECRET:", "a-hidden-value\r"]);
  assert.equal(code, 0, shown);
  assert.doesNotMatch(shown, /hidden/);
  const text = readFileSync(stackFile, "utf8");
  const crypter = await Crypter.open("test", /^encryptionsalt: (.*)$/m.exec(text)?.[1] ?? "");
  assert.equal(crypter.decrypt(/secure: (.*)/.exec(text)?.[1] ?? ""), "a-hidden-value");
});

test("without a terminal the value comes through a pipe, without its line end", async () => {
  writeFileSync(stackFile, "config: {}\n");
  const { status, stderr } = spawnSync(process.execPath, [main, ...secret], { input: "piped value\n", encoding: "utf8", env: environment });
  assert.equal(status, 0, stderr);
  const text = readFileSync(stackFile, "utf8");
  const crypter = await Crypter.open("test", /^encryptionsalt: (.*)$/m.exec(text)?.[1] ?? "");
  assert.equal(crypter.decrypt(/secure: (.*)/.exec(text)?.[1] ?? ""), "piped value");
});

test("a wrong answer is told why, and asked for again", () => {
  const { code, shown } = onTerminal(["new"], ["name of the application:", "Not A Name\r"], ["is not a name", "\u0003"]);
  assert.equal(code, 130, shown);
});

test("what cannot be undone goes on for the stack's name alone", async () => {
  const ask = join(folder, "ask.ts");
  writeFileSync(
    ask,
    `import { confirm } from "./cli/prompts.ts";
const terminal = { line: (text) => console.error(text) };
await confirm({ terminal, signal: new AbortController().signal }, { stack: "prod", option: "--swap", does: "replaces what is live", warning: "All of it goes." }).then(() => console.log("gone on"), ({ message, code }) => console.log(message + ' ' + code));`,
  );
  const answer = (typed: string) => spawnSync("python3", ["-c", driver, JSON.stringify([["to go on:", typed]]), process.execPath, ask], { encoding: "utf8" }).stdout;
  assert.match(answer("prod\r"), /All of it goes\..*gone on/s);
  assert.match(answer("dev\r"), /nothing was changed: that is not the stack's name 6/);
  assert.match(answer("\u0003"), /interrupted; nothing was changed 130/);
  const { stdout } = spawnSync(process.execPath, [ask], { encoding: "utf8", input: "prod\n" });
  assert.equal(stdout, "--swap asks before it replaces what is live, and there is nobody to ask: add --yes 2\n");
});
