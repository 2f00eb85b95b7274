import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { type IncomingMessage, request } from "node:http";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test, type TestContext } from "node:test";
import { sshArguments, sshSocket } from "../../../docker/ssh.ts";

test("ssh gets user, port and host as words of their own, and never asks", () => {
  assert.deepEqual(sshArguments("ssh://deploy@berth.example.com"), ["-o", "BatchMode=yes", "-o", "ConnectTimeout=10", "-l", "deploy", "--", "berth.example.com"]);
  assert.deepEqual(sshArguments("ssh://berth.example.com:2222").slice(4), ["-p", "2222", "--", "berth.example.com"]);
});

/** In place of ssh: the connection writes its socket and stays until its input ends; a session notes its connection, and answers as an engine would. */
const fake = `#!/bin/sh
for word; do case $word in ControlPath=*) path=\${word#*=} ;; esac; done
case "$*" in
  "-o ControlMaster=yes -o ControlPath=$path -o ControlPersist=no -o BatchMode=yes -o ConnectTimeout=10 -l me -- engine docker system dial-stdio") : > "$path"; exec cat ;;
  "-o ControlMaster=no -o ControlPath=$path -o BatchMode=yes -o ConnectTimeout=10 -l me -- engine docker system dial-stdio") ;;
  *) exit 1 ;;
esac
read line
[ -e "$path" ] && echo "$path" >> "\${0%/*}/sessions"
printf "HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\nConnection: close\\r\\nX-Asked: %s\\r\\n\\r\\nOK" "\${line% *}"
# Until the other side has gone, as ssh does, and with its output open.
cat > /dev/null
exit
`;

function inPlaceOfSsh(context: TestContext): { bin: string; path: string } {
  const bin = mkdtempSync(join(tmpdir(), "berth-ssh-test-"));
  context.after(() => rmSync(bin, { recursive: true }));
  writeFileSync(join(bin, "ssh"), fake);
  chmodSync(join(bin, "ssh"), 0o755);
  return { bin, path: sshSocket("ssh://me@engine", { ...process.env, PATH: `${bin}:${process.env["PATH"]}` }) };
}

/** Asks, and hands the connection on as soon as the answer has begun. */
function ask(socketPath: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request({ socketPath, path: "/_ping", agent: false }, resolve).on("error", reject).end();
  });
}

test("a request to the socket is what ssh gets on its input, and ssh's output is the answer; the socket is its owner's", async (context) => {
  const { path } = inPlaceOfSsh(context);
  assert.equal(statSync(dirname(path)).mode & 0o777, 0o700);
  const answer = await ask(path);
  assert.equal(answer.headers["x-asked"], "GET /_ping");
  answer.destroy();
});

test("many requests at once share few connections, each of which has no more sessions than sshd lets it", async (context) => {
  const { bin, path } = inPlaceOfSsh(context);
  const answers = await Promise.all(Array.from({ length: 20 }, () => ask(path)));
  const sessions = readFileSync(join(bin, "sessions"), "utf8").trim().split("\n");
  for (const answer of answers) answer.destroy();
  const counts = Object.values(Object.groupBy(sessions, (master) => master)).map((list) => list?.length);
  assert.equal(sessions.length, 20, "each found its connection open");
  assert.deepEqual(counts.toSorted((a = 0, b = 0) => a - b), [4, 8, 8]);
});

test("where ssh can't be run, a request through the socket fails", async () => {
  const path = sshSocket("ssh://me@engine", { PATH: "/nonexistent" });
  await assert.rejects(
    new Promise((resolve, reject) => {
      request({ socketPath: path, path: "/_ping", agent: false }, resolve).on("error", reject).end();
    }),
  );
});
