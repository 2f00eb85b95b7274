import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { lookAt } from "../../../cli/drift/found.ts";
import { dockerClient } from "../../../docker/client.ts";
import { PretendHost } from "../../components/pretend-host.ts";
import { SshServer } from "./ssh-server.ts";

test("40 requests at once by the machine's own ssh keep to the bounds of an sshd, and all are answered", { skip: !SshServer.isPossible && "no ssh on PATH" }, async () => {
  const folder = mkdtempSync(join(tmpdir(), "berth-engine-"));
  const socket = join(folder, "docker.sock");
  await using host = await PretendHost.at(socket);
  await using server = await SshServer.before(socket);
  const own = process.env["DOCKER_HOST"];
  // As an operator has it: the client itself would read it too, and take a library in the place of `ssh`.
  process.env["DOCKER_HOST"] = server.host;
  const docker = dockerClient(undefined, server.environment);
  if (own === undefined) delete process.env["DOCKER_HOST"];
  else process.env["DOCKER_HOST"] = own;
  await docker.createVolume({ Name: "kept" });
  const answers = await Promise.all(Array.from({ length: 40 }, () => docker.getVolume("kept").inspect()));
  assert.deepEqual(new Set(answers.map(({ Name }) => Name)), new Set(["kept"]));
  assert.equal(host.volumes.size, 1);
  // What `up`, `drift` and `status` do: a look at each container, all at once.
  const Labels = { "berth.stack": "prod", "berth.role": "web" };
  await Promise.all(Array.from({ length: 30 }, (_, index) => docker.createContainer({ name: `web-${index}`, Image: "web", Labels })));
  assert.equal((await lookAt(docker, "prod", [], false)).containers.length, 30);
  assert.deepEqual([server.refused, server.mostWaiting], [0, 1], "connections are opened one after the other");
  assert.ok(server.connections <= 6, `${server.connections} connections for ${server.sessions} sessions`);
  rmSync(folder, { recursive: true });
});
