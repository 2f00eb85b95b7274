import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { describe, test } from "node:test";
import * as pulumi from "@pulumi/pulumi";
import { recordRelease } from "../../../components/release/release.ts";
import { configValue, type Release, sameApplied, withApplications, withoutLeaked, withoutTag, withRelease } from "../../../components/release/release-record.ts";
import { record } from "../recorder.ts";

const image = (digit: string) => `ghcr.io/acme/root@sha256:${digit.repeat(64)}`;
const applied = { images: { root: image("a") }, config: { "berth:domain": "example.com", "berth:apps": '{"root":{"replicas":2,"env":{"A":"1"}}}' }, secrets: { "root:KEY": "canary" } };
const details = () => ({ time: "2026-01-02T03:04:05.000Z", seconds: 12.3, by: "Ada", from: { host: "laptop" }, revisions: {} });
const first: Release = { number: 1, ...details(), ...applied };

describe("records of releases", () => {
  test("the first is number 1; the same again makes none, and asks for no details", () => {
    assert.deepEqual(withRelease([], applied, details), [first]);
    const releases = [first];
    assert.equal(withRelease(releases, { ...applied }, () => assert.fail("was asked")), releases);
  });

  test("another image, another value, another secret, one more key or one less are each a release", () => {
    const others = [
      { ...applied, images: { root: image("b") } },
      { ...applied, images: { ...applied.images, shop: image("b") } },
      { ...applied, config: { ...applied.config, "berth:domain": "example.org" } },
      { ...applied, config: { ...applied.config, "berth:apps": '{"root":{"replicas":2,"env":{}}}' } },
      { ...applied, config: { "berth:domain": "example.com" } },
      { ...applied, secrets: { "root:KEY": "other" } },
      { ...applied, secrets: {} },
    ];
    for (const other of others) assert.deepEqual(withRelease([first], other, details).map(({ number }) => number), [1, 2], JSON.stringify(other));
  });

  test("the order of keys and the spaces of JSON are none", () => {
    assert.ok(sameApplied(applied, { ...applied, config: { "berth:apps": '{ "root": { "env": {"A": "1"}, "replicas": 2 } }', "berth:domain": "example.com" } }));
    assert.ok(!sameApplied(applied, { ...applied, config: { ...applied.config, "berth:apps": '{"root":{"replicas":"2","env":{"A":"1"}}}' } }));
  });

  test("an update of some applications makes a record of what then runs: theirs as applied, all else as it was", () => {
    const last = { images: { root: image("a"), shop: image("b") }, config: { ...applied.config, "berth:apps": '{"root":{"replicas":2},"shop":{"replicas":1},"left":{}}', "root:A": "1", "shop:A": "1" }, secrets: { "root:KEY": "old", "shop:KEY": "old", "berth:backupKey": "old" } };
    const now = { images: { root: image("c"), shop: image("d") }, config: { "berth:domain": "example.org", "berth:apps": '{"root":{"replicas":3},"shop":{"replicas":5},"new":{}}', "root:B": "2", "shop:A": "2" }, secrets: { "root:KEY": "new", "shop:KEY": "new", "berth:backupKey": "new" } };
    assert.deepEqual(withApplications(last, now, ["root"]), {
      images: { root: image("c"), shop: image("b") },
      config: { "berth:domain": "example.com", "berth:apps": '{"root":{"replicas":3},"shop":{"replicas":1},"left":{}}', "root:B": "2", "shop:A": "1" },
      secrets: { "root:KEY": "new", "shop:KEY": "old", "berth:backupKey": "old" },
    });
    assert.ok(sameApplied(withApplications(last, { ...now, images: last.images, config: { ...now.config, "berth:apps": last.config["berth:apps"] }, secrets: last.secrets }, []), last), "of none it is what was");
    assert.equal(withApplications(undefined, now, ["root"]), now, "of a stack that an older version made there is none before");
  });

  test("20 are kept, and numbers go on", () => {
    let releases: readonly Release[] = [];
    for (let turn = 1; turn <= 25; turn += 1) releases = withRelease(releases, { ...applied, secrets: { "root:KEY": `value ${turn}` } }, details);
    assert.deepEqual(releases.map(({ number }) => number), Array.from({ length: 20 }, (_, index) => index + 6));
  });

  test("older values of a secret that leaked leave all of them; what runs, and other secrets, stay", () => {
    const releases = ["leaked", "leaked too", "good"].map((value, index) => ({ ...first, number: index + 1, secrets: { "root:KEY": value, "root:OTHER": "canary" } }));
    const left = withoutLeaked(releases, ["root:KEY"], { "root:KEY": "good", "root:OTHER": "canary" });
    assert.deepEqual(left.map(({ secrets }) => secrets), [{ "root:OTHER": "canary" }, { "root:OTHER": "canary" }, { "root:KEY": "good", "root:OTHER": "canary" }]);
    assert.deepEqual(withoutLeaked(releases, [], {}), releases);
    // The update that brings the good value makes its release all the same.
    const good = { ...applied, secrets: { "root:KEY": "good", "root:OTHER": "canary" } };
    assert.deepEqual(withRelease(withoutLeaked(releases.slice(0, 2), ["root:KEY"], good.secrets), good, details).map(({ number, secrets }) => [number, secrets["root:KEY"]]), [[1, undefined], [2, undefined], [3, "good"]]);
  });

  test("a value is an object where it is one, else its text", () => {
    assert.deepEqual([configValue('{"a":1}'), configValue("[1]"), configValue("8080"), configValue("true"), configValue("{{ broken"), configValue("")], [{ a: 1 }, [1], "8080", "true", "{{ broken", ""]);
  });

  test("an image is its repository and digest, whatever its tag and the registry's port", () => {
    assert.equal(withoutTag(`127.0.0.1:5555/root:latest@sha256:${"a".repeat(64)}`), `127.0.0.1:5555/root@sha256:${"a".repeat(64)}`);
    assert.equal(withoutTag(image("a")), image("a"));
  });
});

const origin = { by: "Ada", from: { host: "laptop", revision: "91ab" }, revisions: { root: "0f3c" }, note: "rollback to 3" };

/** The output on mocks. The engine's answer to the read, and that a failed update records nothing, are shown by test/e2e/releases/rollback.test.ts. */
async function recorded(preview: boolean, digest: pulumi.Input<string> = `ghcr.io/acme/root:latest@sha256:${"a".repeat(64)}`) {
  const { result } = await record(
    () => {
      // Inside an object, so that it is not awaited: it would be unwrapped.
      return { releases: recordRelease({ images: { root: digest }, origin: () => origin, config: applied.config, secrets: applied.secrets }) };
    },
    { preview },
  );
  return result.releases as pulumi.Output<Release[]> & { isSecret: Promise<boolean>; isKnown: Promise<boolean>; promise: () => Promise<Release[]> };
}

test("an update records images, configuration and secrets as one secret, with who, from where, and the note", async () => {
  const releases = await recorded(false);
  assert.equal(await releases.isSecret, true);
  const [{ time, seconds, ...rest } = first] = await releases.promise();
  assert.deepEqual(rest, { number: 1, ...applied, ...origin });
  assert.ok(Math.abs(Date.now() - Date.parse(time)) < 60_000);
  assert.ok(seconds > 0);
});

test("an update in which a job fails, such as the one that writes a route, records nothing", () => {
  const recordedAfter = (exitCode: number) => execFileSync(process.execPath, [join(import.meta.dirname, "failed-job.ts"), `${exitCode}`], { encoding: "utf8" }).trim();
  assert.deepEqual([recordedAfter(0), recordedAfter(1)], ["true", "false"]);
});

test("a preview does not know the record that its update will make", async () => {
  const releases = await recorded(true);
  assert.equal(await releases.isKnown, false);
  assert.equal(await releases.isSecret, true);
});
