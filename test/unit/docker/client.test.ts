import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { dockerClient } from "../../../docker/client.ts";

const folder = mkdtempSync(join(tmpdir(), "berth-client-"));
const socket = join(folder, "docker.sock");
const engine = createServer((_request, response) => response.setHeader("content-type", "application/json").end('{"Version":"the one"}'));
const other = createServer((_request, response) => response.setHeader("content-type", "application/json").end('{"Version":"another"}'));
const own = process.env["DOCKER_HOST"];

before(async () => {
  await new Promise<void>((resolve) => void engine.listen(socket, resolve));
  await new Promise<void>((resolve) => void other.listen(0, "127.0.0.1", resolve));
});
after(() => {
  if (own === undefined) delete process.env["DOCKER_HOST"];
  else process.env["DOCKER_HOST"] = own;
  for (const server of [engine, other]) server.close();
  rmSync(folder, { recursive: true });
});

test("the engine that berth:docker names is asked, whatever DOCKER_HOST of this process names", async () => {
  const elsewhere = `tcp://127.0.0.1:${(other.address() as AddressInfo).port}`;
  for (const named of [elsewhere, "ssh://nobody@127.0.0.1:1", `unix://${folder}/none`]) {
    process.env["DOCKER_HOST"] = named;
    assert.equal((await dockerClient(`unix://${socket}`, process.env).version()).Version, "the one", named);
  }
  assert.equal((await dockerClient(elsewhere, process.env).version()).Version, "another");
});
