import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parse } from "yaml";
import { releaseAt, releasesOf } from "../../../../cli/releases/app-releases.ts";
import { failedUpdates, updateMessage } from "../../../../cli/releases/cli-history.ts";
import { covers } from "../../../../cli/releases/covers.ts";
import { namedIn } from "../../../../cli/releases/named-in.ts";
import { rollbackNote, rolledBackTo } from "../../../../cli/releases/note.ts";
import { restoredFile } from "../../../../cli/releases/restored-file.ts";
import { chosen, leftBy } from "../../../../cli/releases/target.ts";
import type { FailedUpdate } from "../../../../cli/deploy/deployer.ts";
import type { Release } from "../../../../components/release/release-record.ts";
import { Crypter } from "../../../../pulumi/secrets.ts";

const image = (app: string, digit: string) => `ghcr.io/acme/${app}@sha256:${digit.repeat(64)}`;
const time = (number: number) => `2026-03-0${number}T10:00:00.000Z`;

/** A release with the versions of root and shop, where it has them. */
function release(number: number, versions: { root?: string; shop?: string }, more: Partial<Release> = {}): Release {
  const entries = Object.entries(versions);
  return {
    number,
    time: time(number),
    seconds: 1,
    by: "Ada",
    from: { host: "laptop" },
    images: Object.fromEntries(entries.map(([app, version]) => [app, image(app, version)])),
    revisions: {},
    config: { "berth:domain": `${number}.example.com`, "berth:apps": JSON.stringify(Object.fromEntries(entries.map(([app, version]) => [app, { env: { VERSION: version } }]))), ...Object.fromEntries(entries.map(([app, version]) => [`${app}:MODE`, version])) },
    secrets: Object.fromEntries(entries.map(([app, version]) => [`${app}:KEY`, `canary-${version}`])),
    ...more,
  };
}

const releases = [release(1, { root: "1" }), release(2, { root: "1", shop: "1" }), release(3, { root: "2", shop: "1" }, { apps: ["root"] }), release(4, { root: "2", shop: "2" }, { apps: ["shop"] })];
const numbers = (list: readonly Release[]) => list.map(({ number }) => number);
const goes = (all: readonly Release[], app?: string, number?: string) => {
  const { from, to } = chosen("prod", all, number, undefined, app);
  return [from.number, to.number];
};

describe("the releases of an application", () => {
  test("are those that changed something of it, each with that alone", () => {
    assert.deepEqual([numbers(releasesOf(releases, "root")), numbers(releasesOf(releases, "shop")), releasesOf(releases, "none")], [[1, 3], [2, 4], []]);
    const { images, config, secrets } = releasesOf(releases, "shop")[1] ?? assert.fail();
    assert.deepEqual([images, config, secrets], [{ shop: image("shop", "2") }, { "berth:apps": '{"shop":{"env":{"VERSION":"2"}}}', "shop:MODE": "2" }, { "shop:KEY": "canary-2" }]);
  });

  test("at a number are what ran of it then", () => {
    const own = releasesOf(releases, "shop");
    assert.deepEqual(["1", "2", "3", "4", "5"].map((number) => releaseAt(releases, own, number)?.number), [undefined, 2, 2, 4, undefined]);
  });

  test("go back to the one before of it, and a second time further back, never to what was left", () => {
    assert.deepEqual([goes(releases, "root"), goes(releases, "shop"), goes(releases)], [[3, 1], [4, 2], [4, 3]]);
    const more = [...releases, release(5, { root: "3", shop: "2" }), release(6, { root: "2", shop: "2" }, { apps: ["root"], note: rollbackNote(4, [], ["root"]) })];
    assert.deepEqual([goes(more, "root"), goes(more, "root", "5"), goes(more, "root", "2"), goes(more)], [[6, 1], [6, 5], [6, 1], [6, 5]]);
    assert.throws(() => goes(releases, "none"), /application "none" of stack "prod" has no releases/);
    assert.throws(() => goes(releases, "shop", "1"), { code: 2, message: /application "shop" of stack "prod" has no release 1: it runs 4, and those before it are 2;/ });
  });
});

describe("a note of a rollback", () => {
  test("names the applications, and counts for these", () => {
    assert.deepEqual([rollbackNote(3, []), rollbackNote(3, ["migrations"], ["root"])], ["rollback to 3", "rollback of root to 3, forced: migrations"]);
    assert.deepEqual(["root", "shop", undefined].map((app) => rolledBackTo("rollback of root to 3", app)), [3, undefined, undefined]);
    assert.deepEqual(["root", undefined].map((app) => rolledBackTo("rollback to 3", app)), [3, 3]);
  });
});

describe("an update that failed", () => {
  const failed = (end: number, more: Partial<FailedUpdate> = {}): FailedUpdate => ({ start: time(end), end: time(end).replace("10:00", "11:00"), ...more });
  const left = (update: FailedUpdate, app?: string) => leftBy(releases, [update], false, app) !== undefined;

  test("is over once one of the same applications, or of all, ended well", () => {
    assert.deepEqual([covers(undefined, ["root"]), covers(["root", "shop"], ["root"]), covers(["shop"], ["root"]), covers(["root"], undefined), covers(undefined, undefined)], [true, true, false, false, true]);
    // Of all, after release 2; later releases are of one application each.
    assert.deepEqual([left(failed(2)), left(failed(2), "root"), left(failed(2), "shop")], [true, false, false]);
    assert.deepEqual([left(failed(3, { apps: ["root"] }), "root"), left(failed(3, { apps: ["root"] }), "shop"), left(failed(3, { apps: ["root"] }))], [true, false, true]);
    assert.equal(left(failed(4, { followed: true })), false);
  });

  test("says of which applications it was in the CLI's history", () => {
    const origin = { by: "Ada Example", from: { host: "laptop" } };
    assert.deepEqual([updateMessage(origin), updateMessage(origin, ["root", "a-b"])], ["berth up by Ada Example on laptop", "berth up of root,a-b by Ada Example on laptop"]);
    const update = (result: string, apps: string[]) => ({ kind: "update", startTime: time(1), result, message: updateMessage(origin, apps) });
    const told = failedUpdates([update("succeeded", ["shop"]), update("failed", ["root"]), update("failed", ["shop"]), update("failed", [])]);
    assert.deepEqual(told.map(({ by, apps, followed }) => [by, apps, followed]), [["Ada Example", ["root"], undefined], ["Ada Example", ["shop"], true], ["Ada Example", undefined, undefined]]);
  });
});

test("an application's release is written into its part of the stack file; all else stays", async () => {
  const crypter = await Crypter.create("passphrase");
  const file = [
    `encryptionsalt: ${crypter.salt}`,
    "config:",
    "  berth:domain: now.example.com # stays",
    "  berth:apps:",
    "    root: { env: { VERSION: '2' }, replicas: 3 }",
    "    shop: { env: { VERSION: '2' } }",
    "  root:MODE: '2'",
    "  root:NEW: '1'",
    "  shop:MODE: '2'",
    `  root:KEY: { secure: ${crypter.encrypt("canary-2")} }`,
    `  shop:KEY: { secure: ${crypter.encrypt("canary-2")} }`,
    "",
  ].join("\n");
  const [first] = releasesOf(releases, "root");
  const { text, config, secrets, kept } = await restoredFile(file, first ?? assert.fail(), { project: "berth", crypter: () => Promise.resolve(crypter), running: {}, app: "root" });
  const { config: values } = parse(text) as { config: Record<string, { secure: string }> };
  const { "root:KEY": rootKey, "shop:KEY": shopKey, ...plain } = values;
  assert.deepEqual(plain, { "berth:domain": "now.example.com", "berth:apps": { root: { env: { VERSION: "1" }, image: image("root", "1") }, shop: { env: { VERSION: "2" } } }, "root:MODE": "1", "shop:MODE": "2" });
  assert.match(text, /# stays/);
  assert.deepEqual([crypter.decrypt(rootKey?.secure ?? ""), crypter.decrypt(shopKey?.secure ?? "")], ["canary-1", "canary-2"]);
  assert.deepEqual([config.toSorted(), secrets, kept], [["berth:apps.root.env.VERSION", "berth:apps.root.image", "berth:apps.root.replicas", "root:MODE", "root:NEW"], ["root:KEY"], []]);
});

describe("what a rollback is of", () => {
  const applications: Record<string, Record<string, string>> = { dev: { root: "root", prod: "prod" }, prod: { root: "root", shop: "shop" } };
  const project = {
    stacks: () => Object.keys(applications),
    applications: (stack: string) => applications[stack] ?? {},
    requireStack: (stack: string) => assert.ok(applications[stack], `no stack ${stack}`),
  } as Parameters<typeof namedIn>[0]["project"];
  const named = (positionals: string[], stack?: string, environment: NodeJS.ProcessEnv = {}) => namedIn({ project, environment }, { flags: {}, positionals, values: stack === undefined ? {} : { stack } });

  test("is a stack, or an application of one; that of no named stack is dev's", () => {
    assert.deepEqual([named(["prod"]), named([], "prod"), named(["prod"], "prod")], [{ stack: "prod" }, { stack: "prod" }, { stack: "prod" }]);
    assert.deepEqual([named(["prod", "shop"]), named(["shop"], "prod"), named(["root"]), named(["prod"], "dev")], [{ stack: "prod", app: "shop" }, { stack: "prod", app: "shop" }, { stack: "dev", app: "root" }, { stack: "dev", app: "prod" }]);
  });

  test("is of BERTH_STACK where that is set and no stack is named", () => {
    const environment = { BERTH_STACK: "prod" };
    assert.deepEqual([named([], undefined, environment), named(["shop"], undefined, environment), named(["dev"], undefined, environment), named(["root"], "dev", environment)], [{ stack: "prod" }, { stack: "prod", app: "shop" }, { stack: "dev" }, { stack: "dev", app: "root" }]);
  });

  test("is said, and is one", () => {
    assert.throws(() => named([]), { code: 2, message: /which stack\?/ });
    assert.throws(() => named(["prod", "rot"]), { code: 2, message: /"rot" is no application of stack "prod", which has root, shop: did you mean root\?/ });
    assert.throws(() => named(["prod", "root", "shop"]), { code: 2, message: /root and shop are named: roll back one after the other/ });
    assert.throws(() => named(["nowhere"]), /no stack nowhere/);
  });
});
