import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { contextHost } from "../../../docker/context.ts";

const folder = mkdtempSync(join(tmpdir(), "berth-context-"));
after(() => rmSync(folder, { recursive: true }));
const DOCKER_CONFIG = folder;

/** As `docker context create` writes it. */
function create(name: string, host: string, tls = false): void {
  const id = createHash("sha256").update(name).digest("hex");
  mkdirSync(join(folder, "contexts/meta", id), { recursive: true });
  writeFileSync(join(folder, "contexts/meta", id, "meta.json"), JSON.stringify({ Name: name, Metadata: {}, Endpoints: { docker: { Host: host, SkipTLSVerify: false } } }));
  if (tls) mkdirSync(join(folder, "contexts/tls", id, "docker"), { recursive: true });
}

const use = (currentContext?: string) => writeFileSync(join(folder, "config.json"), JSON.stringify({ auths: {}, ...(currentContext !== undefined && { currentContext }) }));

test("the context that is in use, or that DOCKER_CONTEXT names, is the engine's address; DOCKER_HOST goes before", () => {
  create("colima", "unix:///home/ada/.colima/docker.sock");
  create("server", "ssh://ada@server");
  use("colima");
  assert.equal(contextHost({ DOCKER_CONFIG }), "unix:///home/ada/.colima/docker.sock");
  assert.equal(contextHost({ DOCKER_CONFIG, DOCKER_CONTEXT: "server" }), "ssh://ada@server");
  assert.equal(contextHost({ DOCKER_CONFIG, DOCKER_HOST: "unix:///x.sock" }), undefined);
  assert.equal(contextHost({ DOCKER_CONFIG, DOCKER_CONTEXT: "default" }), undefined);
});

test("without one the default socket stays", () => {
  use();
  assert.equal(contextHost({ DOCKER_CONFIG }), undefined);
  assert.equal(contextHost({ DOCKER_CONFIG: join(folder, "nowhere") }), undefined);
});

test("one that is gone, or that needs TLS, is refused with what to do", () => {
  assert.throws(() => contextHost({ DOCKER_CONFIG, DOCKER_CONTEXT: "gone" }), /the docker context "gone" is not there: docker context ls/);
  create("secure", "tcp://server:2376", true);
  assert.throws(() => contextHost({ DOCKER_CONFIG, DOCKER_CONTEXT: "secure" }), /with TLS, which Berth does not speak/);
});
