import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { sshArguments, sshSocket } from "../../ops/ssh.ts";

test("ssh gets user, port and host as words of their own, and never asks", () => {
  assert.deepEqual(sshArguments("ssh://deploy@berth.example.com"), ["-o", "BatchMode=yes", "-o", "ConnectTimeout=10", "-l", "deploy", "--", "berth.example.com"]);
  assert.deepEqual(sshArguments("ssh://berth.example.com:2222").slice(4), ["-p", "2222", "--", "berth.example.com"]);
});

test("a request to the socket is what ssh gets on its input, and ssh's output is the answer; the socket is its owner's", async () => {
  const bin = mkdtempSync(join(tmpdir(), "berth-ssh-test-"));
  try {
    // In place of ssh: checks what it is to run over there, and answers as an engine would.
    const fake = '#!/bin/sh\n[ "$*" = "-o BatchMode=yes -o ConnectTimeout=10 -l me -- engine docker system dial-stdio" ] || exit 1\nread line\nprintf "HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\nX-Asked: %s\\r\\n\\r\\nOK" "${line% *}"\n';
    writeFileSync(join(bin, "ssh"), fake);
    chmodSync(join(bin, "ssh"), 0o755);
    const path = sshSocket("ssh://me@engine", { ...process.env, PATH: `${bin}:${process.env["PATH"]}` });
    assert.equal(statSync(dirname(path)).mode & 0o777, 0o700);
    const asked = await new Promise((resolve, reject) => {
      request({ socketPath: path, path: "/_ping", agent: false }, (response) => resolve(response.headers["x-asked"])).on("error", reject).end();
    });
    assert.equal(asked, "GET /_ping");
  } finally {
    rmSync(bin, { recursive: true });
  }
});

test("where ssh can't be run, a request through the socket fails", async () => {
  const path = sshSocket("ssh://me@engine", { PATH: "/nonexistent" });
  await assert.rejects(
    new Promise((resolve, reject) => {
      request({ socketPath: path, path: "/_ping", agent: false }, resolve).on("error", reject).end();
    }),
  );
});
