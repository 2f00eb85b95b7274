import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { build, BuildSteps, refusedBase } from "../../../docker/buildx.ts";

/** What buildx printed for two stages that run side by side, shortened. */
const printed = [
  "#1 [internal] load build definition from Dockerfile",
  "#1 transferring dockerfile: 3.05kB done",
  "#5 [dependencies 1/4] FROM docker.io/library/rust:1-slim-trixie",
  "#5 DONE 0.0s",
  "#7 [dependencies 4/4] RUN mkdir src     && cargo build --release --locked",
  "#8 [stage-3 2/2] COPY hello.pl /hello.pl",
  "#7 0.412     Updating crates.io index",
  "#7 12.31    Compiling tokio v1.47.1",
  "#8 DONE 0.1s",
  "#9 [2/3] RUN true",
  "#9 exporting layers",
];

describe("the steps of a build", () => {
  test("are named by stage and place, with what each says last; nothing is told of what is no step of the Dockerfile", () => {
    const steps = new BuildSteps();
    assert.deepEqual(printed.flatMap((line) => steps.read(line) ?? []), [
      "dependencies 1/4: FROM docker.io/library/rust:1-slim-trixie",
      "dependencies 4/4: RUN mkdir src     && cargo build --release --locked",
      "stage-3 2/2: COPY hello.pl /hello.pl",
      "dependencies 4/4: Updating crates.io index",
      "dependencies 4/4: Compiling tokio v1.47.1",
      "2/3: RUN true",
    ]);
  });

  test("a build that was called off before it began starts nothing", async () => {
    await assert.rejects(build(["/nowhere"], { signal: AbortSignal.abort(), environment: { PATH: "/nowhere" } }), { name: "AbortError" });
  });
});

/** What registries were made to answer, as buildx 0.13 with the BuildKit of Engine 26 says it; the first prefix is newer ones'. */
const answers: [answer: string, refused: boolean][] = [
  ["failed to build: failed to solve: {}: failed to resolve source metadata for {}: pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed", true],
  ["failed to solve: {}: failed to resolve source metadata for {}: failed to authorize: failed to fetch anonymous token: unexpected status from GET request to https://ghcr.io/token?scope=x&service=ghcr.io: 403 Forbidden", true],
  ["failed to solve: {}: failed to resolve source metadata for {}: failed to authorize: failed to fetch oauth token: unexpected status from POST request to https://ghcr.io/token: 401 Unauthorized", true],
  ["failed to solve: {}: failed to resolve source metadata for {}: unexpected status from HEAD request to https://ghcr.io/v2/acme/base/manifests/1: 401 Unauthorized", true],
  ["failed to solve: {}: failed to resolve source metadata for {}: unexpected status from HEAD request to https://ghcr.io/v2/acme/base/manifests/1: 403 Forbidden", true],
  ["failed to solve: {}: failed to resolve source metadata for {}: unexpected status from HEAD request to https://ghcr.io/v2/acme/base/manifests/1: 500 Internal Server Error", false],
  ["failed to solve: {}: failed to resolve source metadata for {}: {}: not found", false],
  ['failed to solve: {}: failed to resolve source metadata for {}: failed to do request: Head "https://ghcr.io/v2/acme/base/manifests/1": dial tcp: lookup ghcr.io: no such host', false],
  ["failed to solve: failed to load cache key: invalid response status 403", false],
  ['failed to solve: process "/bin/sh -c ./fetch # 401 Unauthorized" did not complete successfully: exit code: 1', false],
];

describe("the base image that a registry refused", () => {
  const base = "ghcr.io/acme/base:1";
  for (const [answer, refused] of answers) {
    test(`${refused ? "is named by" : "is not in"} "${answer}"`, () => {
      assert.equal(refusedBase(`#2 [internal] load metadata for ${base}\n------\nERROR: ${answer.replaceAll("{}", base)}\n`), refused ? base : undefined);
    });
  }

  test("is not what a step printed", () => {
    const line = (answers[0]?.[0] ?? "").replaceAll("{}", base);
    assert.equal(refusedBase(`#5 0.412 ERROR: ${line}\n0.412 ERROR: ${line}\n   1 | ERROR: ${line}\nERROR: failed to solve: exit code: 1`), undefined);
  });
});
