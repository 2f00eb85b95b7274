import assert from "node:assert/strict";
import { describe, test } from "node:test";
import * as fc from "fast-check";
import { parse } from "yaml";
import type { Release } from "../../../../components/release/release-record.ts";
import { Crypter } from "../../../../pulumi/secrets.ts";
import { withoutHeld } from "../../../../cli/stack-file/held-images.ts";
import { withPins } from "../../../../cli/promote/stack-file.ts";
import { chosen, leftBy, ranSince } from "../../../../cli/releases/target.ts";
import { changeLines, changesBetween, changesInShort } from "../../../../cli/releases/changes.ts";
import { failedUpdates, updateMessage } from "../../../../cli/releases/cli-history.ts";
import { requireImages } from "../../../../cli/releases/image-check.ts";
import { type Between, migrationsBack, type Ran } from "../../../../cli/releases/migrations-back.ts";
import { rollbackNote, rolledBackTo } from "../../../../cli/releases/note.ts";
import { entriesOf, previousOf, releaseTable } from "../../../../cli/releases/records.ts";
import { purgeKeys, purgeNote } from "../../../../cli/releases/purge.ts";
import { restoredFile } from "../../../../cli/releases/restored-file.ts";

const commit = (digit: string) => digit.repeat(40);
const image = (app: string, digit: string) => `ghcr.io/acme/${app}@sha256:${digit.repeat(64)}`;
const apps = (value: object) => ({ "berth:apps": JSON.stringify(value) });

describe("a purge", () => {
  const keyed = (number: number, secrets: Record<string, string>) => release(number, { secrets });
  const before = [keyed(1, { "root:KEY": "a", "shop:TOKEN": "x" }), keyed(2, { "root:KEY": "b" })];

  test("names keys that some release has; another is a mistake that names these", () => {
    assert.deepEqual(purgeKeys("prod", "root:KEY,shop:TOKEN", before), ["root:KEY", "shop:TOKEN"]);
    assert.deepEqual(purgeKeys("prod", undefined, before), []);
    assert.throws(() => purgeKeys("prod", "root:KYE", before), /--purge-secret names root:KYE, but no release of stack "prod" has such a secret: they have root:KEY, shop:TOKEN/);
  });

  test("says from which releases a value is gone, and where none was, what to do", () => {
    const after = [keyed(1, { "shop:TOKEN": "x" }), keyed(2, {}), keyed(3, { "root:KEY": "c" })];
    assert.deepEqual(purgeNote(["root:KEY", "shop:TOKEN"], before, after), [
      "root:KEY: its older values are out of the releases 1, 2",
      "shop:TOKEN: no release has another value than the one that runs: ./berth secret shop:TOKEN sets another first",
    ]);
  });
});

function release(number: number, change: Partial<Release> = {}): Release {
  return {
    number,
    time: `2026-03-0${number}T10:00:00.000Z`,
    seconds: 12.3,
    by: "Ada",
    from: { host: "laptop", revision: commit("a"), dirty: false },
    images: { root: image("root", "1") },
    revisions: { root: commit("b") },
    config: { "berth:domain": "example.com", ...apps({ root: { replicas: 2, env: { LOG: "info" } } }) },
    secrets: { "root:KEY": "canary-old" },
    ...change,
  };
}

const second = release(2, {
  images: { root: image("root", "2"), shop: image("shop", "3") },
  revisions: { root: `${commit("c")}-dirty` },
  config: { "berth:domain": "example.com", "berth:redis": '{"memory":"64MiB"}', ...apps({ root: { replicas: 3, env: { LOG: "debug", MORE: "1" }, image: image("root", "2") }, shop: {} }) },
  secrets: { "root:KEY": "canary-new", "shop:TOKEN": "canary-shop" },
});

describe("what changed between two releases", () => {
  const changes = changesBetween(release(1), second);

  test("names images with digest and revision, each value of the configuration, and secrets without their values", () => {
    assert.deepEqual(changes, {
      images: [
        { app: "root", from: image("root", "1"), to: image("root", "2"), fromRevision: commit("b"), toRevision: `${commit("c")}-dirty` },
        { app: "shop", to: image("shop", "3") },
      ],
      config: [
        { key: "berth:apps.root.env.LOG", from: "info", to: "debug" },
        { key: "berth:apps.root.env.MORE", to: "1" },
        { key: "berth:apps.root.replicas", from: 2, to: 3 },
        { key: "berth:apps.shop", to: "{}" },
        { key: "berth:redis.memory", to: "64MiB" },
      ],
      secrets: [
        { key: "root:KEY", how: "changed" },
        { key: "shop:TOKEN", how: "set" },
      ],
    });
    assert.ok(!JSON.stringify(changes).includes("canary"));
  });

  test("reads as lines, and as one cell of a table", () => {
    assert.deepEqual(changeLines(changes).slice(0, 4), [
      "image   root  111111111111 (bbbbbbb) → 222222222222 (ccccccc-dirty)",
      "image   shop  none → 333333333333",
      'config  berth:apps.root.env.LOG  "info" → "debug"',
      'config  berth:apps.root.env.MORE  none → "1"',
    ]);
    assert.deepEqual(changeLines(changes).slice(-2), ["secret  root:KEY  changed", "secret  shop:TOKEN  set"]);
    assert.equal(
      changesInShort(changes),
      "root 222222222222 (ccccccc-dirty), shop 333333333333, config root.env.LOG root.env.MORE root.replicas and 2 more, secret root:KEY shop:TOKEN",
    );
    assert.equal(changesInShort(changesBetween(second, second)), "nothing");
  });

  test("an image of Berth's own by what tells it from another", () => {
    const pinned = (digit: string) => release(1, { images: {}, config: { "berth:images": JSON.stringify({ postgresBackup: image("berth-postgres", digit) }) } });
    assert.deepEqual(changeLines(changesBetween(pinned("1"), pinned("2"))), [`config  berth:images.postgresBackup  "ghcr.io/acme/berth-postgres@sha256:111111111111" → "ghcr.io/acme/berth-postgres@sha256:222222222222"`]);
  });

  test("backwards, what was set is removed", () => {
    const back = changesBetween(second, release(1));
    assert.deepEqual(back.secrets, [{ key: "root:KEY", how: "changed" }, { key: "shop:TOKEN", how: "removed" }]);
    assert.deepEqual(back.images[1], { app: "shop", from: image("shop", "3") });
    assert.ok(changeLines(back).includes("config  berth:redis.memory  \"64MiB\" → none"));
  });

  test("the order of an object's keys is no change, a list is one value", () => {
    const one = release(1, { config: { x: '{"a":1,"b":[1,2]}' } });
    assert.deepEqual(changesBetween(one, { ...one, config: { x: '{ "b": [1, 2], "a": 1 }' } }).config, []);
    assert.deepEqual(changesBetween(one, { ...one, config: { x: '{"a":1,"b":[2,1]}' } }).config, [{ key: "x.b", from: "[1,2]", to: "[2,1]" }]);
  });
});

describe("the list of releases", () => {
  const failed = [
    { start: "2026-03-02T11:00:00.000Z", end: "2026-03-02T11:01:00.000Z", by: "Bob", host: "ci", revision: commit("d"), dirty: true },
    { start: "2026-02-01T11:00:00.000Z", end: "2026-02-01T11:01:00.000Z" },
  ];
  const entries = entriesOf([release(1), second, release(3, { note: "rollback to 1" })], failed);

  test("is newest first, with the updates that failed since the oldest record", () => {
    assert.deepEqual(entries.map(({ number, result, current }) => [number, result, current]), [
      [3, "succeeded", true],
      [undefined, "failed", false],
      [2, "succeeded", false],
      [1, "succeeded", false],
    ]);
    assert.ok(!JSON.stringify(entries).includes("canary"));
  });

  test("says who, when, from where, how long, the result, and what changed", () => {
    const lines = releaseTable(entries).split("\n").map((line) => line.split(/ {2,}/));
    assert.deepEqual(lines[0], ["RELEASE", "TIME", "WHO", "FROM", "TOOK", "RESULT", "CHANGED"]);
    assert.deepEqual(lines[1]?.slice(0, 6), ["3", "2026-03-03T10:00:00Z", "Ada", "laptop aaaaaaa", "12.3 s", "runs"]);
    assert.match(lines[1]?.[6] ?? "", /^rollback to 1: root 1{12} \(b{7}\), shop removed, config /);
    assert.deepEqual(lines[2], ["-", "2026-03-02T11:01:00Z", "Bob", "ci ddddddd dirty", "1 min 0 s", "failed", "-"]);
    assert.deepEqual(lines[4]?.slice(5), ["succeeded", "first"]);
  });

  test("does not guess what changed in the oldest record once older ones are dropped", () => {
    const [only] = entriesOf([second], []);
    assert.equal(only?.changes, undefined);
    assert.match(releaseTable([only ?? assert.fail()]), /not known: older records are dropped/);
  });

  test("failed updates of the CLI's history, and nothing else of it", () => {
    const entry = (kind: string, result: string, environment = {}) => ({ kind, result, startTime: "2026-03-02T11:00:00.000Z", endTime: "2026-03-02T11:01:00.000Z", environment });
    const history = [entry("update", "failed"), entry("update", "succeeded"), entry("update", "failed", { "git.head": commit("d"), "git.dirty": "true" }), entry("destroy", "failed"), entry("refresh", "failed"), entry("update", "in-progress"), entry("update", "failed")];
    const times = { start: "2026-03-02T11:00:00.000Z", end: "2026-03-02T11:01:00.000Z" };
    // The second and the third were followed by one that ended well.
    assert.deepEqual(failedUpdates(history), [times, { ...times, revision: commit("d"), dirty: true, followed: true }, { ...times, followed: true }]);
    assert.deepEqual(failedUpdates(null), []);
    const message = updateMessage({ by: "Ada on\nthe Example", from: { host: "laptop" } });
    assert.deepEqual(failedUpdates([{ ...entry("update", "failed"), message }]), [{ ...times, by: "Ada on the Example", host: "laptop" }]);
    assert.deepEqual(failedUpdates([{ ...entry("update", "failed"), message: "fix: the newest commit's subject" }]), [times]);
  });
});

describe("which release a rollback goes to", () => {
  test("the one before; after a rollback the one before that, and never what was left", () => {
    const three = [release(1), second, release(3)];
    assert.equal(previousOf(three)?.number, 2);
    const back = [...three, release(4, { note: rollbackNote(2, []) })];
    assert.equal(previousOf(back)?.number, 1);
    assert.equal(previousOf([...back, release(5, { note: rollbackNote(1, ["migrations"]) })]), undefined);
    assert.equal(previousOf([...back, release(5)])?.number, 4);
    assert.equal(previousOf([]), undefined);
  });

  test("after a rollback to a rollback, the one before what that had gone back to; records that were dropped are no hindrance", () => {
    const all = [release(1), release(2), release(3), release(4, { note: rollbackNote(2, []) }), release(5), release(6, { note: rollbackNote(4, []) })];
    assert.equal(previousOf(all)?.number, 1);
    assert.equal(previousOf(all.slice(2)), undefined);
    assert.equal(previousOf([release(1), release(2, { note: rollbackNote(2, []) })])?.number, 1);
  });

  test("whatever is deployed and rolled back: the newest that was not left", () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { maxLength: 40 }), (deploys) => {
        const releases: Release[] = [];
        // What each release applied, and those that a rollback has not left.
        const applied = new Map<number, string>();
        const standing: string[] = [];
        for (const deploy of deploys) {
          const to = previousOf(releases);
          const number = releases.length + 1;
          assert.equal(to === undefined ? undefined : applied.get(to.number), standing.at(-2));
          if (deploy) standing.push(`image ${number}`);
          else if (to === undefined) continue;
          else standing.pop();
          applied.set(number, standing.at(-1) ?? "");
          releases.push(release(number, deploy ? {} : { note: rollbackNote(to?.number ?? 0, []) }));
        }
      }),
    );
  });

  test("after an update that failed or was killed: what ran last, and not one further", () => {
    const releases = [release(1), second];
    const failed = { start: "2026-03-02T11:00:00.000Z", end: "2026-03-02T12:00:00.000Z", revision: commit("e") };
    const left = leftBy(releases, [failed], false);
    assert.deepEqual(left, { what: "the update that failed at 2026-03-02 12:00 UTC", revision: commit("e") });
    assert.equal(chosen("prod", releases, undefined, left).to.number, 2);
    assert.equal(chosen("prod", releases, "1", left).to.number, 1);
    assert.equal(chosen("prod", [release(1)], undefined, leftBy([release(1)], [], true)).to.number, 1, "killed");
    assert.equal(leftBy(releases, [{ ...failed, followed: true }], false), undefined, "an update after it ended well");
    assert.equal(leftBy(releases, [{ ...failed, end: "2026-03-01T12:00:00.000Z" }], false), undefined, "before the newest release");
    assert.equal(leftBy(releases, [{ ...failed, dirty: true }], false)?.revision, undefined);
    assert.equal(chosen("prod", releases, undefined, leftBy(releases, [], false)).to.number, 1);
  });

  test("a note says to which, and what was forced", () => {
    assert.equal(rollbackNote(12, ["migrations"]), "rollback to 12, forced: migrations");
    assert.deepEqual([rolledBackTo("rollback to 12, forced: migrations"), rolledBackTo("promoted from dev"), rolledBackTo(undefined)], [12, undefined, undefined]);
  });

  test("one that is not known is refused with those that are", () => {
    const releases = [release(1), second, release(3)];
    assert.equal(chosen("prod", releases, "1").to.number, 1);
    assert.equal(chosen("prod", releases, "3").to.number, 3);
    assert.throws(() => chosen("prod", releases, "7"), /stack "prod" has no release 7: it runs 3, and those before it are 1, 2; \.\/berth releases -s prod/);
    assert.throws(() => chosen("prod", [release(1)], undefined), /has no release before 1: those before it are none/);
    assert.throws(() => chosen("prod", [], undefined), /no releases in its state: \.\/berth up -s prod/);
  });
});

describe("the stack file of a release", async () => {
  const crypter = await Crypter.create("a passphrase");
  const options = { project: "berth", crypter: (salt: string | undefined) => (salt === undefined ? Promise.resolve(crypter) : Crypter.open("a passphrase", salt)), running: {} };
  const kept = crypter.encrypt("canary-old");
  const file = (key: string, more = "") => `# the top
encryptionsalt: ${crypter.salt}
config:
  berth:domain: example.com # where it answers
  berth:apps:
    # the main one
    root: { replicas: 3, env: { LOG: debug, MORE: "1" } }
    shop: {}
  root:KEY:
    secure: ${key}
${more}`;

  test("has its images by digest with their commits, its values and its secrets; comments stay", async () => {
    const { text, config, secrets, kept: stayed } = await restoredFile(file(crypter.encrypt("canary-new"), `  berth:redis: { memory: 64MiB }\n  shop:TOKEN: { secure: "${crypter.encrypt("x")}" }\n`), release(1), options);
    const read = parse(text) as { config: Record<string, unknown> };
    const { secure } = read.config["root:KEY"] as { secure: string };
    assert.equal(crypter.decrypt(secure), "canary-old");
    assert.ok(!text.includes("canary"));
    assert.deepEqual({ ...read.config, "root:KEY": undefined, "shop:TOKEN": undefined }, {
      "berth:domain": "example.com",
      "berth:apps": { root: { replicas: 2, env: { LOG: "info" }, image: image("root", "1"), revision: commit("b") } },
      "root:KEY": undefined,
      "shop:TOKEN": undefined,
    });
    for (const comment of ["# the top", "# where it answers", "# the main one"]) assert.ok(text.includes(comment), comment);
    assert.deepEqual(new Set(config), new Set(["berth:apps.shop", "berth:apps.root.env.MORE", "berth:apps.root.env.LOG", "berth:apps.root.replicas", "berth:apps.root.image", "berth:apps.root.revision", "berth:redis"]));
    assert.deepEqual(secrets, ["root:KEY"]);
    assert.deepEqual(stayed, ["shop:TOKEN"]);
  });

  test("keeps the secrets of the stack file where the release's are left out", async () => {
    const current = crypter.encrypt("canary-new");
    const { text, secrets, config } = await restoredFile(file(current), { ...release(1), secrets: {} }, options);
    assert.equal(((parse(text) as { config: Record<string, { secure: string }> }).config["root:KEY"] as { secure: string }).secure, current);
    assert.deepEqual(secrets, []);
    assert.ok(config.includes("berth:apps.root.image"));
  });

  test("marks the lines that hold an application; forward takes them out, a promotion over them is not held", async () => {
    const { text } = await restoredFile(file(kept), release(1), options);
    assert.match(text, /\n +image: ghcr\.io\/acme\/root@sha256:1+ # berth: held by a rollback, \.\/berth forward takes this line out\n +revision: b+ # berth: held/);
    const forward = withoutHeld(text);
    assert.deepEqual(forward.apps, ["root"]);
    assert.deepEqual((parse(forward.text) as { config: Record<string, unknown> }).config["berth:apps"], { root: { replicas: 2, env: { LOG: "info" } } });
    assert.deepEqual(withoutHeld(forward.text), { text: forward.text, apps: [] });
    const promoted = withPins(text, { root: { image: image("root", "7"), revision: commit("d"), folder: "root" } });
    assert.deepEqual(withoutHeld(promoted), { text: promoted, apps: [] });
    // What the release itself named by digest is its own, and not held.
    const own = await restoredFile("config:\n  berth:apps:\n    root: {}\n", release(1, { config: apps({ root: { image: image("root", "1"), revision: commit("b") } }), secrets: {} }), options);
    assert.deepEqual(withoutHeld(own.text).apps, []);
  });

  test("keeps the ciphertext of a secret that is the same, and every letter where nothing differs", async () => {
    const first = await restoredFile(file(kept), release(1), options);
    assert.deepEqual(first.secrets, []);
    assert.ok(first.text.includes(kept));
    const again = await restoredFile(first.text, release(1), options);
    assert.equal(again.text, first.text);
    assert.deepEqual([again.config, again.secrets], [[], []]);
  });

  test("reads keys without the project's name, and numbers as text", async () => {
    const wanted = release(1, { config: { "berth:domain": "8080" }, secrets: {} });
    const { text, config } = await restoredFile("config:\n  domain: 8080\n", wanted, options);
    assert.equal(text, "config:\n  domain: 8080\n");
    assert.deepEqual(config, []);
  });

  test("gives a file without secrets the salt with the first one", async () => {
    const { text, secrets } = await restoredFile("config:\n  berth:domain: example.com\n", release(1), options);
    const read = parse(text) as { encryptionsalt: string; config: Record<string, { secure: string }> };
    assert.deepEqual(secrets, ["root:KEY"]);
    assert.equal(read.encryptionsalt, crypter.salt);
    assert.equal(crypter.decrypt(read.config["root:KEY"]?.secure ?? ""), "canary-old");
  });

  test("leaves an application that runs from its source without an image, and one that has it as it is", async () => {
    const settings = { root: { live: true }, shop: { image: image("shop", "9") } };
    const { text } = await restoredFile("config: {}\n", release(1, { images: { root: image("root", "1"), shop: image("shop", "9") }, revisions: { root: commit("b"), shop: `${commit("b")}-dirty` }, config: apps(settings), secrets: {} }), options);
    assert.deepEqual(parse(text), { config: { "berth:apps": settings } });
  });

  test("an image of a commit with changes beside it names no revision", async () => {
    const { text } = await restoredFile("config: {}\n", release(1, { revisions: { root: `${commit("b")}-dirty` }, secrets: {} }), options);
    assert.ok(!text.includes("revision"));
  });

  test("refuses to write secrets that only Pulumi can encrypt, and not where they are the same", async () => {
    const cloud = `secretsprovider: awskms://key\nconfig:\n  root:KEY: { secure: AAAA }\n`;
    await assert.rejects(restoredFile(cloud, release(1), { ...options, running: { "root:KEY": "canary-new" } }), (error: Error) => /nothing was changed: release 1 has other secrets \(root:KEY\)/.test(error.message) && !error.message.includes("canary"));
    const { text, secrets } = await restoredFile(cloud, release(1), { ...options, running: { "root:KEY": "canary-old" } });
    assert.deepEqual(secrets, []);
    assert.ok(text.includes("secure: AAAA"));
  });
});

describe("migrations between two releases", () => {
  const good = { ok: true, reasons: [] };
  const migration = (name: string, compatible = true, undoable = true) => ({
    name,
    path: `apps/root/migrations/${name}`,
    kind: "sql" as const,
    text: "",
    compatible: compatible ? good : { ok: false, reasons: [{ line: 4, text: "drops the column name" }] },
    undoable: undoable ? good : { ok: false, reasons: [{ line: 4, text: "drops the column name; the data in it does not come back" }] },
  });
  const newer = release(2, { images: { root: image("root", "2") }, revisions: { root: `${commit("c")}-dirty` } });
  const back = (added: ReturnType<typeof migration>[], from = newer, to = release(1), more: Ran[] = []) => {
    const asked: Parameters<Between>[0][] = [];
    const between: Between = (options) => (asked.push(options), Promise.resolve({ added, altered: [] }));
    return migrationsBack(`${import.meta.dirname}/../../../..`, { root: "root" }, [from, ...more], to, between).then((found) => ({ ...found, asked }));
  };

  test("are those that the newer one added, asked of the two commits", async () => {
    const { asked } = await back([]);
    assert.deepEqual(asked.map(({ folder, from, to }) => [folder, from, to]), [["apps/root", commit("b"), commit("c")]]);
  });

  test("one that the older version works with stays, and it is said whether it can be undone", async () => {
    const { stay, refused } = await back([migration("0003_teams.sql"), migration("0004_mark.sql", true, false)]);
    assert.deepEqual(refused, []);
    assert.deepEqual(stay, [
      "root  0003_teams.sql stays applied, and the older version works with it; it can be undone",
      "root  0004_mark.sql stays applied, and the older version works with it; it can't be undone: line 4 drops the column name; the data in it does not come back",
    ]);
  });

  test("one that breaks the older version is refused, with the line", async () => {
    const { stay, refused } = await back([migration("0003_drop.sql", false, false)]);
    assert.deepEqual(stay, []);
    assert.deepEqual(refused, ["root: 0003_drop.sql breaks the older version: line 4 drops the column name; it can't be undone: line 4 drops the column name; the data in it does not come back"]);
  });

  test("the same image has none; images without a commit can't be compared", async () => {
    assert.deepEqual((await back([migration("0003_drop.sql", false)], release(2))).refused, []);
    const { refused, asked } = await back([], { ...newer, revisions: {} });
    assert.deepEqual([refused, asked], [["root: the images say no commit, so it is not known which migrations lie between"], []]);
  });

  test("those of every release since count, as a rollback undoes none; each is told once", async () => {
    const asked: (string | undefined)[] = [];
    const between: Between = ({ to }) => {
      asked.push(to);
      return Promise.resolve({ added: [migration("0002_mark.sql"), ...(to === commit("d") ? [migration("0003_drop.sql", false)] : [])], altered: [] });
    };
    const third = release(3, { images: { root: image("root", "3") }, revisions: { root: commit("d") } });
    const back = release(4, { images: newer.images, revisions: newer.revisions, note: rollbackNote(2, []) });
    const since = ranSince([release(1), newer, third, back], release(1), undefined, {});
    const { stay, refused } = await migrationsBack(".", { root: "root" }, since, release(1), between);
    assert.deepEqual(asked, [commit("c"), commit("d")]);
    assert.equal(stay.length, 1);
    assert.match(refused.join(), /^root: 0003_drop.sql breaks the older version/);
  });

  test("those of an update that failed may have run: of its commit, or of the work tree as it is", async () => {
    const asked: (string | undefined)[] = [];
    const between: Between = ({ to }) => (asked.push(to), Promise.resolve({ added: [migration("0003_drop.sql", false)], altered: [] }));
    for (const left of [{ what: "x" }, { what: "x", revision: commit("e") }]) {
      const { refused } = await migrationsBack(".", { root: "root" }, ranSince([release(1)], release(1), left, { root: {} }), release(1), between);
      assert.equal(refused.length, 1);
    }
    assert.deepEqual(asked, [undefined, commit("e")]);
    const held = ranSince([release(1)], release(1), { what: "x" }, { root: { image: `ghcr.io/acme/root:build@sha256:${"1".repeat(64)}` } });
    assert.deepEqual(await migrationsBack(".", { root: "root" }, held, release(1), between), { stay: [], refused: [] }, "it had the image of that release");
  });

  test("a commit that is not in this clone is refused with what to do", async () => {
    const between: Between = () => Promise.reject(new Error("commit abc is not in this clone"));
    assert.deepEqual((await migrationsBack(".", { root: "root" }, [newer], release(1), between)).refused, ["root: commit abc is not in this clone"]);
  });
});

describe("images of a release", () => {
  const engine = (local: string[], remote: string[]) => ({
    getImage: (name: string) => ({
      inspect: () => (local.includes(name) ? Promise.resolve({}) : Promise.reject(new Error("no such image"))),
      distribution: (options: object) => (remote.includes(name) ? Promise.resolve(options) : Promise.reject(new Error("manifest unknown"))),
    }),
  });
  const deployer = { login: () => Promise.resolve({ username: "berth", password: "canary" }) };
  const asked = { number: 1, images: { root: image("root", "1"), shop: image("shop", "2") }, config: {} };
  const check = (local: string[], remote: string[]) => requireImages(engine(local, remote) as never, deployer, asked);

  test("may be on the engine or in the registry", async () => {
    await check([image("root", "1")], [image("shop", "2")]);
  });

  test("that are in neither are all named, with the registry's answer", async () => {
    await assert.rejects(check([], []), (error: Error) => {
      assert.match(error.message, /^nothing was changed: release 1 can't run again/);
      for (const [app, ref] of Object.entries(asked.images)) assert.ok(error.message.includes(`${app}  ${ref}: manifest unknown`));
      return !error.message.includes("canary");
    });
  });

  test("are those of Berth's own too, where its configuration names them", async () => {
    const config = { "berth:images": JSON.stringify({ redis: "redis:8.0", postgresBackup: image("berth-postgres", "3") }) };
    const looked = (local: string[]) => requireImages(engine(local, []) as never, deployer, { number: 1, images: {}, config });
    await looked([image("berth-postgres", "3")]);
    await assert.rejects(looked([]), (error: Error) => error.message.includes(`  berth:images.postgresBackup  ${image("berth-postgres", "3")}: manifest unknown`) && !error.message.includes("redis"));
  });
});
