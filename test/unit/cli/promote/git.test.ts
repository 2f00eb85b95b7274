import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, afterEach, before, beforeEach, describe, test } from "node:test";
import type { Deployment } from "../../../../cli/deploy/stack-state.ts";
import { branchFor } from "../../../../cli/promote/branch.ts";
import { Checkout } from "../../../../cli/promote/checkout.ts";
import { historyOf } from "../../../../cli/promote/history.ts";
import { promotionNote } from "../../../../cli/promote/note.ts";
import type { Plan, Promoted, PromotedOwn } from "../../../../cli/promote/plan.ts";
import { lookAtPromotion, type Looked, type PromoteOptions } from "../../../../cli/promote/gather.ts";
import type { Side } from "../../../../cli/promote/running.ts";
import { sourceRefusal } from "../../../../cli/promote/source.ts";
import { valuesOf } from "../../../../cli/promote/stack-file.ts";

let folder = "";
let work = "";
let origin = "";
const environment = { ...process.env, GIT_CONFIG_GLOBAL: "/dev/null", GIT_CONFIG_SYSTEM: "/dev/null" };
const git = (...args: string[]) => execFileSync("git", ["-C", work, ...args], { encoding: "utf8", env: environment, stdio: ["ignore", "pipe", "pipe"] }).trim();
const write = (path: string, text: string) => {
  mkdirSync(dirname(join(work, path)), { recursive: true });
  writeFileSync(join(work, path), text);
};
const commit = (message = "x") => {
  git("add", "-A");
  git("commit", "-qm", message);
  return git("rev-parse", "HEAD");
};
const checkoutNow = () => [git("rev-parse", "HEAD"), git("branch", "--show-current"), git("status", "--porcelain"), git("ls-files", "--stage"), git("stash", "list")];

// Made once, and copied for each test: a repository takes seven programs.
const template = mkdtempSync(join(tmpdir(), "berth-promote-template-"));
before(() => {
  [work, origin] = [join(template, "work"), join(template, "origin.git")];
  execFileSync("git", ["init", "-q", "-b", "main", work]);
  execFileSync("git", ["init", "-q", "--bare", "-b", "main", origin]);
  git("config", "user.name", "Ada");
  git("config", "user.email", "ada@example.com");
  write("Pulumi.prod.yaml", "config: {}\n");
  write("apps/root/main.rs", "1\n");
  commit("first");
});
after(() => rmSync(template, { recursive: true }));
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "berth-promote-"));
  [work, origin] = [join(folder, "work"), join(folder, "origin.git")];
  cpSync(template, folder, { recursive: true, preserveTimestamps: true });
});
afterEach(() => rmSync(folder, { recursive: true }));

const open = (path = work) => Checkout.open(path, environment);
const withOrigin = () => {
  git("remote", "add", "origin", origin);
  git("push", "-q", "origin", "main");
};

describe("the base branch", () => {
  test("is the current one without origin, and must be named where there is none", async () => {
    const checkout = await open();
    assert.deepEqual(await checkout.base(undefined), { branch: "main", commit: git("rev-parse", "main"), origin: undefined });
    git("checkout", "-q", "--detach");
    await assert.rejects(checkout.base(undefined), /HEAD is on no branch: .*--base main/);
    assert.equal((await checkout.base("main")).branch, "main");
    await assert.rejects(checkout.base("release"), /git rev-parse failed/);
  });

  test("is origin's default one, as it is there now, wherever one stands", async () => {
    withOrigin();
    git("switch", "-qc", "mine");
    const mine = commitFile("mine.txt");
    git("push", "-q", "origin", `${mine}:refs/heads/main`);
    git("update-ref", "refs/remotes/origin/main", "main");
    assert.deepEqual(await (await open()).base(undefined), { branch: "main", commit: mine, origin });
    await assert.rejects((await open()).base("release"), /branch release can't be had from origin: git push origin release, or name another with --base/);
  });

  test("needs a repository with a commit", async () => {
    await assert.rejects(open(folder), /is not a git checkout with a commit/);
    execFileSync("git", ["init", "-q", join(folder, "empty")]);
    await assert.rejects(open(join(folder, "empty")), /is not a git checkout with a commit/);
  });
});

const commitFile = (path: string) => {
  write(path, `${path}\n`);
  return commit(path);
};

describe("the commit", () => {
  test("changes one file on top of the base, and neither the files, the index nor the branch of the user", async () => {
    write("staged.txt", "staged\n");
    git("add", "staged.txt");
    write("Pulumi.prod.yaml", "config: {} # mine, not committed\n");
    write("é new.txt", "untracked\n");
    const was = checkoutNow();
    const checkout = await open();
    const base = await checkout.base(undefined);
    const made = await checkout.commitFile(base.commit, "Pulumi.prod.yaml", "config: { a: 1 }\n", "promote\n\nForced: x because y\n");
    await checkout.publish("promote/prod-1", made, undefined, { tip: undefined, here: undefined });
    assert.deepEqual(checkoutNow(), was);
    assert.equal(git("rev-parse", "promote/prod-1^"), base.commit);
    assert.deepEqual(git("diff", "--name-only", base.commit, made), "Pulumi.prod.yaml");
    assert.equal(await checkout.fileIn(made, "Pulumi.prod.yaml"), "config: { a: 1 }\n");
    assert.equal(git("log", "-1", "--format=%an|%ae|%cn|%s|%(trailers)", made), "Ada|ada@example.com|Ada|promote|Forced: x because y");
    assert.equal(git("fsck", "--no-dangling"), "");
  });

  test("of a project in a folder of its repository changes the file there", async () => {
    write("deploy/ü/Pulumi.prod.yaml", "config: {}\n");
    const base = commit();
    const checkout = await open(join(work, "deploy", "ü"));
    const made = await checkout.commitFile(base, "Pulumi.prod.yaml", "config: { a: 1 }\n", "x\n");
    assert.equal(git("-c", "core.quotePath=false", "diff", "--name-only", base, made), "deploy/ü/Pulumi.prod.yaml");
    assert.equal(await checkout.fileIn(made, "Pulumi.prod.yaml"), "config: { a: 1 }\n");
    assert.equal(await checkout.fileIn(made, "Pulumi.none.yaml"), undefined);
  });

  test("needs an author, and says so", async () => {
    git("config", "--unset", "user.name");
    git("config", "--unset", "user.email");
    git("config", "user.useConfigOnly", "true");
    await assert.rejects((await open()).commitFile(git("rev-parse", "HEAD"), "Pulumi.prod.yaml", "", "x\n"), /git commit-tree failed: .*(?:name|email|identity)/is);
  });
});

describe("the branch", () => {
  test("is pushed, and moved where an older promotion stands; a branch that somebody has checked out is not", async () => {
    withOrigin();
    const checkout = await open();
    const base = await checkout.base(undefined);
    const one = await checkout.commitFile(base.commit, "Pulumi.prod.yaml", "1\n", "one\n");
    await checkout.publish("promote/x", one, base.origin, await checkout.standing("promote/x", base));
    assert.equal(await checkout.branch("promote/x", base.origin), one);
    const two = await checkout.commitFile(base.commit, "Pulumi.prod.yaml", "2\n", "two\n");
    await checkout.publish("promote/x", two, base.origin, await checkout.standing("promote/x", base));
    assert.equal(execFileSync("git", ["-C", origin, "rev-parse", "promote/x"], { encoding: "utf8" }).trim(), two);
    assert.equal(git("rev-parse", "promote/x"), two);
    assert.equal(await checkout.branch("promote/none", base.origin), undefined);
    assert.equal(await checkout.branch("promote/none", undefined), undefined);
    git("worktree", "add", "-q", join(folder, "other"), "promote/x");
    await assert.rejects(checkout.publish("promote/x", one, base.origin, { tip: two, here: two }), /is checked out, and would be moved/);
    assert.equal(await checkout.branch("promote/x", base.origin), two);
  });
});

describe("a promotion that is run again", () => {
  const digest = (letter: string) => `ghcr.io/acme/root@sha256:${letter.repeat(64)}`;
  const name = () => `promote/prod-${git("rev-parse", "--short=7", "main")}`;
  const at = (where: string, ref = name()) => execFileSync("git", ["-C", where, "rev-parse", ref], { encoding: "utf8" }).trim();
  const looked = (target: string, text: string): Looked => {
    const promoted: Promoted[] = [{ name: "root", folder: "root", source: target, target, revision: at(work, "main"), remote: false, before: undefined }];
    return { from: "dev", to: "prod", plan: { promoted, own: [], same: [], others: [], missing: [], built: [] }, histories: [], healthyFor: 600, forced: [], secrets: [], text, values: valuesOf(text), fromValues: valuesOf("config:\n  berth:apps: { root: { cpus: 1 } }\n"), needless: [] };
  };
  const promote = async (target: string, checkout?: Checkout) => {
    checkout ??= await open();
    const base = await checkout.base(undefined);
    const text = (await checkout.fileIn(base.commit, "Pulumi.prod.yaml")) ?? "";
    const made = await branchFor({ checkout, base, to: { stack: "prod" } as Side }, looked(target, text));
    const publish = () => checkout.publish(made.branch, made.commit, base.origin, made.was);
    if (made.isNew) await publish();
    return { ...made, publish };
  };
  /** As the pull request asks: a key is added on the branch. */
  const onBranch = (text: (before: string) => string, message = "feat(prod): its domain") => {
    git("fetch", "-q", "origin");
    git("switch", "-q", "--detach", `origin/${name()}`);
    write("Pulumi.prod.yaml", text(readFileSync(join(work, "Pulumi.prod.yaml"), "utf8")));
    const made = commit(message);
    git("push", "-q", "origin", `HEAD:${name()}`);
    git("switch", "-q", "main");
    return made;
  };
  const addKey = (before: string) => before.replace("config:\n", "config:\n  berth:domain: example.com\n");

  beforeEach(() => {
    write("Pulumi.prod.yaml", "config:\n  berth:apps: {}\n");
    commit("prod");
    withOrigin();
  });

  test("replaces what a promotion made, and makes nothing of the same", async () => {
    const { branch, isNew } = await promote(digest("a"));
    assert.deepEqual([branch, isNew], [name(), true]);
    assert.equal((await promote(digest("a"))).isNew, false);
    const { commit: two } = await promote(digest("b"));
    assert.deepEqual([at(origin), at(work), at(origin, `${name()}^`)], [two, two, at(work, "main")]);
  });

  test("keeps what others have committed to the branch, and goes on top of it", async () => {
    await promote(digest("a"));
    const theirs = onBranch(addKey);
    const { commit: same, isNew } = await promote(digest("a"));
    assert.deepEqual([same, isNew, at(origin)], [theirs, false, theirs]);
    const { commit: two } = await promote(digest("b"));
    assert.deepEqual([at(origin), at(origin, `${name()}^`)], [two, theirs]);
    const text = execFileSync("git", ["-C", origin, "show", `${two}:Pulumi.prod.yaml`], { encoding: "utf8" });
    assert.match(text, /berth:domain: example\.com/);
    assert.equal(text.match(/# not set here; dev has cpus: 1\n/g)?.length, 1, text);
    assert.ok(text.includes(digest("b")) && !text.includes(digest("a")));
    assert.equal((await promote(digest("b"))).isNew, false);
  });

  test("is refused where the two no longer merge, and says how to go on", async () => {
    await promote(digest("a"));
    const theirs = onBranch(addKey);
    write("Pulumi.prod.yaml", "config:\n  berth:domain: other.example\n  berth:apps: {}\n");
    const was = name();
    commit("another domain");
    git("push", "-q", "origin", "main");
    git("push", "-q", "origin", `${theirs}:refs/heads/${name()}`);
    await assert.rejects(promote(digest("b")), new RegExp(`has commits that no promotion made, ${theirs.slice(0, 7)}, and its Pulumi.prod.yaml no longer merges into main\\. Join them: git switch .*git merge origin/main.*git push origin --delete ${name()}`));
    assert.deepEqual([at(origin), at(origin, was)], [theirs, theirs]);
  });

  test("is refused where a commit here is not at origin, and where origin's branch is moved meanwhile", async () => {
    const first = await promote(digest("a"));
    git("switch", "-q", name());
    write("note.txt", "mine\n");
    const mine = commit("mine");
    git("switch", "-q", "main");
    await assert.rejects(promote(digest("b")), new RegExp(`has commits here that origin has not, .*: ${mine.slice(0, 7)}\\. Push them, git push origin ${name()}`));
    assert.deepEqual([at(work), at(origin)], [mine, first.commit]);
    git("update-ref", `refs/heads/${name()}`, first.commit);
    const second = await promote(digest("b"));
    const theirs = onBranch(addKey);
    await assert.rejects(second.publish(), /was moved at origin meanwhile, and is left as it is: promote again/);
    assert.equal(at(origin), theirs);
  });

  test("without origin keeps what others have committed as well", async () => {
    git("remote", "remove", "origin");
    await promote(digest("a"));
    git("switch", "-q", name());
    write("Pulumi.prod.yaml", addKey(readFileSync(join(work, "Pulumi.prod.yaml"), "utf8")));
    const mine = commit("mine");
    git("switch", "-q", "main");
    await promote(digest("b"));
    assert.equal(at(work, `${name()}^`), mine);
  });
});

describe("the source", () => {
  const app = (revision: string | undefined, more: Partial<Promoted> = {}): Promoted => ({ name: "root", folder: "root", source: "", target: "", revision, remote: false, before: undefined, ...more });
  const findings = async (promoted: Promoted, live: string[] = []) => found({ promoted: [promoted], own: [] }, live);
  const found = async (plan: Pick<Plan, "promoted" | "own">, live: string[] = []) => {
    const checkout = await open();
    const base = await checkout.base(undefined);
    return (await sourceRefusal(checkout, base, plan, live, "dev"))?.because ?? [];
  };

  test("holds where the folder is as in the image's commit, which is on the branch, whatever else is changed", async () => {
    const revision = git("rev-parse", "HEAD");
    commitFile("docs/x.md");
    write("Pulumi.prod.yaml", "config: {} # mine\n");
    assert.deepEqual(await findings(app(revision)), []);
    assert.deepEqual(await findings(app("f".repeat(40), { remote: true })), []);
  });

  test("is that of Berth's own images likewise, where the stack built them", async () => {
    const own = (revision: string | undefined, isBuilt: boolean): PromotedOwn => ({ name: "berth-postgres", key: "postgresBackup", source: "", target: "", revision, isBuilt, before: undefined });
    const findingsOf = (image: PromotedOwn) => found({ promoted: [], own: [image] });
    const revision = commitFile("images/postgres/Dockerfile");
    assert.deepEqual(await findingsOf(own(revision, true)), []);
    write("images/postgres/Dockerfile", "FROM other\n");
    assert.deepEqual(await findingsOf(own(revision, true)), [`images/postgres differs from ${revision.slice(0, 7)}, which runs: images/postgres/Dockerfile`]);
    assert.deepEqual(await findingsOf(own(undefined, true)), ["the image of berth-postgres does not say which commit it was built from"]);
    assert.deepEqual(await findingsOf(own(undefined, false)), []);
  });

  test("does not hold for an image without a commit, of uncommitted files, or from a mounted source", async () => {
    const revision = git("rev-parse", "HEAD");
    assert.deepEqual(await findings(app(undefined)), ["the image of root does not say which commit it was built from"]);
    assert.deepEqual(await findings(app(`${revision}-dirty`)), [`the image of root was built from ${revision.slice(0, 7)}, with changes that were not committed`]);
    assert.deepEqual(await findings(app(revision), ["root"]), ["root runs from the mounted source (live: true), and not from its image"]);
    assert.match((await findings(app("f".repeat(40)))).join(), /the commit fffffff of root is not in this clone: git fetch/);
  });

  test("does not hold where the folder has changed since, committed or not", async () => {
    const revision = git("rev-parse", "HEAD");
    for (const name of ["a", "b", "c"]) write(`apps/root/${name}`, "new\n");
    write("apps/root/main.rs", "2\n");
    assert.deepEqual(await findings(app(revision)), [`apps/root differs from ${revision.slice(0, 7)}, which runs: apps/root/main.rs, apps/root/a, apps/root/b and 1 more`]);
    commit();
    assert.match((await findings(app(revision))).join(), /differs from/);
    assert.deepEqual(await findings(app(git("rev-parse", "HEAD"))), []);
  });

  test("does not hold where origin's branch lacks the commit", async () => {
    withOrigin();
    const revision = commitFile("apps/root/new.rs");
    assert.deepEqual(await findings(app(revision)), [`the commit ${revision.slice(0, 7)} of root is not on origin's branch main`]);
    git("push", "-q", "origin", "main");
    assert.deepEqual(await findings(app(revision)), []);
  });

  test("its history has the commits of its folder, and its migrations; none for what runs for the first time", async () => {
    const before = git("rev-parse", "HEAD");
    write("apps/root/migrations/0001_a.sql", "DROP TABLE a;\n");
    const revision = commit("feat: a migration");
    commitFile("docs/x.md");
    const checkout = await open();
    const found = await historyOf(checkout, app(revision, { before: { image: "x", revision: before } }), true);
    assert.deepEqual([found.commits.map((line) => line.replace(/^\w+ /, "")), found.migrations?.added.map(({ name }) => name)], [["feat: a migration"], ["0001_a.sql"]]);
    assert.deepEqual((await historyOf(checkout, app(revision), true)).migrations, { added: [], altered: [] });
    assert.deepEqual((await historyOf(checkout, app(revision, { before: { image: "x", revision: before } }), false)).migrations, { added: [], altered: [] });
    assert.deepEqual((await historyOf(checkout, app(before, { before: { image: "x", revision: undefined } }), true)).migrations, { added: [], altered: [] });
    assert.match((await historyOf(checkout, app(revision, { before: { image: "x", revision: undefined } }), true)).unknown ?? "", /what runs there does not say which commit/);
    assert.match((await historyOf(checkout, app(revision, { before: { image: "x", revision: "e".repeat(40) } }), true)).unknown ?? "", /is not in this clone/);
    assert.match((await historyOf(checkout, app(revision, { remote: true }), true)).unknown ?? "", /another repository/);
    assert.match((await historyOf(checkout, app(undefined), true)).unknown ?? "", /its image does not say/);
    const pinned = { before: { image: "x", revision: before } };
    assert.equal((await historyOf(checkout, app(revision, pinned), false, "its state runs nothing")).unknown, "its state runs nothing");
    assert.deepEqual((await historyOf(checkout, app(before, pinned), false, "its state runs nothing")).migrations, { added: [], altered: [] });
  });
});

describe("a stack whose state runs nothing", () => {
  const digest = (letter: string) => `sha256:${letter.repeat(64)}`;
  const state = (revision: string): Deployment => ({
    resources: [
      { urn: "urn::root-image", type: "docker-build:index:Image", custom: true, inputs: { labels: { "org.opencontainers.image.revision": revision } } },
      { urn: "urn::web", type: "docker:index/container:Container", custom: true, id: "c1", inputs: { name: "root-web-0" } },
    ],
  });
  const well = { Id: "c1", RestartCount: 0, State: { Running: true, Status: "running", StartedAt: "2026-01-01T00:00:00Z" } };
  const host = (containers: object[]) =>
    ({
      listContainers: () => Promise.resolve(containers),
      getContainer: () => ({ inspect: () => Promise.resolve(well) }),
      getImage: () => ({ inspect: () => Promise.resolve({ Config: { Labels: null } }) }),
      info: () => Promise.resolve({ SystemTime: "2026-01-01T01:00:00Z" }),
    }) as unknown as Side["docker"];
  const deployer = (held: Deployment, images: Record<string, string>) =>
    ({ engine: "pulumi", description: "Pulumi CLI v3, state in s3://elsewhere (pulumi login)", state: () => Promise.resolve(held), outputs: () => Promise.resolve({ imageDigests: { value: images, secret: false } }), secretOutput: () => Promise.resolve(undefined) }) as unknown as Side["deployer"];

  async function promoted(apps: string, containers: object[]): Promise<Looked> {
    write("Pulumi.prod.yaml", `config:\n  berth:registry: { owner: acme, username: bot }\n  berth:apps: ${apps}\n`);
    write("Pulumi.dev.yaml", "config:\n  berth:apps: { root: {} }\n");
    write("apps/root/migrations/0001_a.sql", "DROP TABLE a;\n");
    const revision = commit("feat: a migration");
    const checkout = await open();
    const options = {
      project: { folder: work, stackFile: (stack: string) => join(work, `Pulumi.${stack}.yaml`) } as unknown as PromoteOptions["project"],
      checkout,
      base: await checkout.base(undefined),
      from: { stack: "dev", deployer: deployer(state(revision), { root: `ghcr.io/acme/root@${digest("a")}` }), docker: host([{ Id: "c1", Created: 1 }]) },
      to: { stack: "prod", deployer: deployer({}, {}), docker: host(containers) },
      healthyFor: 0,
      force: new Set<never>(),
      onProgress: () => undefined,
      signal: new AbortController().signal,
    };
    return lookAtPromotion(options);
  }

  test("is promoted to for the first time", async () => {
    write("apps/root/app.ts", "export default {};\n");
    const { plan, forced, histories } = await promoted("{ root: {} }", []);
    assert.deepEqual([plan.promoted.map(({ name }) => name), forced, histories[0]?.migrations], [["root"], [], { added: [], altered: [] }]);
  });

  for (const [what, apps, containers, why] of [
    ["whose file names an image", `{ root: { image: "ghcr.io/acme/root@${digest("b")}", revision: "${"b".repeat(40)}" } }`, [], /Pulumi\.prod\.yaml names the images of root, but its state runs nothing: Pulumi CLI v3, state in s3:\/\/elsewhere/],
    ["whose Docker host has containers of it", "{ root: {} }", [{ Id: "p1", Created: 1 }, { Id: "p2", Created: 2 }], /the Docker host of prod has 2 containers of it, but its state runs nothing/],
  ] as const) {
    test(`${what} is refused: neither its drift nor its migrations are known`, async () => {
      const refused = promoted(apps, [...containers]);
      await assert.rejects(refused, (error: Error) => {
        const [, drift = "", migrations = ""] = error.message.split(/\n(?:drift|migrations):\n/);
        for (const part of [drift, migrations]) assert.match(part, why);
        assert.match(drift, /To go on: name the state of prod by PULUMI_BACKEND_URL/);
        return true;
      });
    });
  }
});

test("a release that applies a promotion says where it comes from and what was forced, until the file changes again", async () => {
  assert.equal(await promotionNote(work, "prod"), undefined);
  const checkout = await open();
  const made = await checkout.commitFile(git("rev-parse", "HEAD"), "Pulumi.prod.yaml", "config: { a: 1 }\n", "promote\n\nPromoted-from: dev\nForced: drift because a: b because c\nForced: migrations because d\n");
  git("merge", "-q", "--ff-only", made);
  commitFile("elsewhere.txt");
  assert.equal(await promotionNote(work, "prod"), "promoted from dev, forced: drift, migrations");
  assert.equal(await promotionNote(work, "dev"), undefined);
  write("Pulumi.prod.yaml", "config: { a: 2 }\n");
  assert.equal(await promotionNote(work, "prod"), undefined);
  commit();
  assert.equal(await promotionNote(work, "prod"), undefined);
  assert.equal(await promotionNote(folder, "prod"), undefined);
});
