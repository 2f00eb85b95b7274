import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { hostname } from "node:os";
import { describe, test } from "node:test";
import { addresses } from "../../../../cli/deploy/answers.ts";
import { loginOf } from "../../../../cli/deploy/registry-login.ts";
import { type Deployment, failedJobs, nameOf } from "../../../../cli/deploy/stack-state.ts";
import { EventReader } from "../../../../cli/deploy/pulumi-events.ts";
import { areGone, heldBy, lockHolders } from "../../../../cli/deploy/lock-holders.ts";
import { imageTags } from "../../../../cli/images/push.ts";
import { parseImage } from "../../../../cli/images/image-digests.ts";
import { closingLine, sum } from "../../../../dev/testing/tally.ts";
import { isRecent } from "../../../../cli/setup/pulumi.ts";

const urn = (type: string, name: string) => `urn:pulumi:dev::berth::${type}::${name}`;
const containerType = "docker:index/container:Container";
const secretSignature = "4dabf18193072939515e22adb298388d";

function container(name: string, inputs: Record<string, unknown>, outputs: Record<string, unknown>) {
  return { urn: urn(containerType, name), type: containerType, custom: true, inputs, outputs };
}

describe("jobs in a state", () => {
  const job = { attach: true, mustRun: false };
  test("only those that ran and ended badly are to run again", () => {
    const state: Deployment = {
      resources: [
        container("good", job, { exitCode: 0 }),
        container("bad", job, { exitCode: 3 }),
        container("server", { mustRun: true }, { exitCode: 137 }),
        container("unknown", job, {}),
        { ...container("replaced", job, { exitCode: 1 }), delete: true },
      ],
    };
    assert.deepEqual(failedJobs(state).map(nameOf), ["bad"]);
    assert.deepEqual(failedJobs({}), []);
  });
});

describe("events of the CLI", () => {
  const event = (kind: string, op: string, name: string, type = containerType, outputs = {}) =>
    JSON.stringify({ [kind]: { metadata: { op, urn: urn(type, name), type, new: { outputs } } } });

  test("a replacement is one event, and a secret output has no value", () => {
    const seen: string[] = [];
    const reader = new EventReader((found) => seen.push(`${found.phase} ${found.op} ${found.name}`));
    const stack = "pulumi:pulumi:Stack";
    for (const line of [
      event("resourcePreEvent", "create-replacement", "web"),
      event("resOutputsEvent", "create-replacement", "web"),
      event("resourcePreEvent", "replace", "web"),
      event("resOutputsEvent", "replace", "web"),
      event("resourcePreEvent", "delete-replaced", "web"),
      event("resOutputsEvent", "delete-replaced", "web"),
      event("resOutputsEvent", "same", "berth-dev", stack, { urls: { root: "http://root" }, key: { [secretSignature]: "x", ciphertext: "[secret]" } }),
      JSON.stringify({ summaryEvent: { resourceChanges: { same: 1, replace: 1 } } }),
      "not JSON at all",
    ]) reader.read(line);
    assert.deepEqual(seen, ["start replace web", "done replace web", "done same berth-dev"]);
    assert.deepEqual(reader.outcome(), {
      changes: { replace: 1 },
      outputs: { urls: { value: { root: "http://root" }, secret: false }, key: { value: "[secret]", secret: true } },
    });
  });

  test("what a killed update had left to delete counts as deleted", () => {
    const reader = new EventReader(undefined);
    reader.read(event("resOutputsEvent", "delete-replaced", "old"));
    reader.read(JSON.stringify({ summaryEvent: { resourceChanges: { same: 4 } } }));
    assert.deepEqual(reader.outcome().changes, { delete: 1 });
  });

  test("an error is told once, and the engine's own conclusion not at all", () => {
    const reader = new EventReader(undefined);
    for (const message of ["port is taken\n", "port is taken", "update failed"]) {
      reader.read(JSON.stringify({ diagnosticEvent: { message, severity: "error" } }));
    }
    assert.deepEqual(reader.errors, ["port is taken"]);
  });
});

describe("what is read from texts of others", () => {
  test("the holders of a lock", () => {
    const text = "error: the stack is currently locked by 1 lock(s).\n  file:///x/locks/a.json: created by ann@build-1 (pid 4711) at 2026-01-01T00:00:00Z";
    assert.deepEqual(lockHolders(text), [{ user: "ann", host: "build-1", pid: 4711, since: "2026-01-01T00:00:00Z" }]);
    assert.equal(
      heldBy(lockHolders(text), "prod"),
      'stack "prod" is being changed by process 4711 of ann on build-1 since 2026-01-01T00:00:00Z: wait until it has ended and run this again. If it is gone for good: pulumi cancel -s prod',
    );
    assert.deepEqual(lockHolders("error: something else"), []);
  });

  test("a holder is gone where it ran on this machine and has ended", async () => {
    const here = { user: "ann", host: hostname() };
    const ended = spawnSync("true").pid;
    assert.equal(await areGone([{ ...here, pid: ended }]), true);
    assert.equal(await areGone([{ ...here, pid: ended }, { ...here, host: "build-1", pid: ended }]), false);
    assert.equal(await areGone([{ ...here, pid: process.pid }]), false);
    assert.equal(await areGone([]), false);
    assert.equal(await areGone([{ ...here, pid: process.pid, since: "2020-01-01T00:00:00Z" }]), true, "another process has its number since this machine was started");
  });

  test("versions of the CLI", () => {
    assert.deepEqual(["v3.199.0", "v3.260.0-dev.0", "3.200.1", "v4.0.0", "nonsense"].map(isRecent), [false, true, true, true, false]);
  });

  test("addresses in outputs, not what is secret or no address", () => {
    const outputs = { urls: { value: { root: "http://root.localhost:8080", more: { grafana: "https://g" }, port: 80 }, secret: false }, reach: { value: "http://no", secret: false } };
    assert.deepEqual(addresses(outputs), { root: "http://root.localhost:8080", "more.grafana": "https://g" });
    assert.deepEqual(addresses({ urls: { value: "[secret]", secret: true } }), {});
  });
});

describe("push", () => {
  test("the tags of a moment, a ref and a commit", () => {
    const commit = "0123456789abcdef0123456789abcdef01234567";
    assert.deepEqual(imageTags(new Date("2026-03-04T23:00:00Z"), "feature/über x", commit), ["latest", "20260304", "feature-ber-x", "sha-0123456"]);
    assert.deepEqual(imageTags(new Date("2026-03-04T23:00:00Z"), undefined, commit), ["latest", "20260304", "sha-0123456"]);
  });

  test("an image by its registry, with and without tag", () => {
    const digest = `sha256:${"a".repeat(64)}`;
    assert.deepEqual(parseImage(`127.0.0.1:5555/root:latest@${digest}`), { repository: "127.0.0.1:5555/root", digest });
    assert.deepEqual(parseImage(`ghcr.io/acme/root@${digest}`), { repository: "ghcr.io/acme/root", digest });
    assert.throws(() => parseImage("root:latest"), /has the image "root:latest"/);
  });

  test("the login of the registry that images are pulled from, from a state with plain secrets", () => {
    const type = "pulumi:providers:docker";
    const provider = (name: string, inputs: object) => ({ urn: urn(type, name), type, custom: true, inputs: { host: "unix:///test.sock", ...inputs } });
    const auth = (username: string) => ({ registryAuth: { [secretSignature]: "x", plaintext: JSON.stringify(JSON.stringify([{ address: "127.0.0.1:5555", username, password: "s3cret" }])) } });
    const resources = [provider("host", {}), { ...provider("pull", auth("before")), delete: true }, provider("pull", auth("berth"))];
    assert.deepEqual(loginOf({ resources }, "127.0.0.1:5555"), { username: "berth", password: "s3cret" });
    assert.equal(loginOf({ resources }, "ghcr.io"), undefined);
    assert.equal(loginOf({}, "ghcr.io"), undefined);
  });
});

describe("the closing line of the tests", () => {
  test("sums what each step came to", () => {
    const one = { passed: 3, failed: [], skipped: [{ name: "x", reason: "y" }] };
    assert.equal(closingLine(sum([one, { passed: 1, failed: [{ name: "f", detail: "" }], skipped: [] }])), "4 passed, 1 failed, 1 skipped");
  });
});
