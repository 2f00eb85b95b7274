import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { commands } from "../../../cli/commands.ts";
import { codeOf, exitCodes, exitMeanings, OpsError, refusedError, usageError } from "../../../cli/exit.ts";
import { SetupError } from "../../../cli/setup/error.ts";
import { dockerClient, requireDocker } from "../../../docker/client.ts";
import { DockerError, NoEngineError } from "../../../docker/errors.ts";

test("an error that is told as it is has its exit code, and a fault of the program none", () => {
  for (const [error, code] of [[new OpsError("x"), 1], [usageError("x"), 2], [refusedError("x"), 6], [new SetupError("x"), 3], [new NoEngineError("x"), 3], [new DockerError("x"), 1], [Object.assign(new Error("no such container"), { statusCode: 404 }), 1]] as const) {
    assert.equal(codeOf(error), code, `${error.name} ${error.message}`);
  }
  assert.equal(codeOf(new TypeError("x")), undefined);
  assert.equal(codeOf("x"), undefined);
});

test("each exit code is one number with one meaning, and docs/commands.md has them all", async () => {
  const codes = Object.values(exitCodes);
  assert.equal(new Set(codes).size, codes.length);
  assert.deepEqual(Object.keys(exitMeanings).map(Number), codes);
  const page = readFileSync(join(import.meta.dirname, "../../../docs/commands.md"), "utf8").replaceAll(/\s+/g, " ");
  const told = /Exit codes: (.*?);/.exec(page)?.[1] ?? "";
  for (const code of codes) assert.match(told, new RegExp(`(^| )${code} [a-z\\[]`), `${code} is not in: ${told}`);
  for (const { load } of Object.values(commands)) for (const code of (await load()).command.exits) assert.ok(code in exitMeanings, `${code}`);
});

test("a Docker Engine that does not answer is a missing requirement, with what to do", async () => {
  const docker = dockerClient("unix:///nowhere/docker.sock", { DOCKER_HOST: "tcp://127.0.0.1:1" });
  const refused = await requireDocker(docker).catch((error: unknown) => error);
  assert.equal(codeOf(refused), 3);
  assert.match(String(refused), /does not answer \(connect ENOENT \/nowhere\/docker\.sock\): \.\/berth doctor says what is missing/);
});
