import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { sourceAt, wrongRevision } from "../../../../cli/images/image-revision.ts";

const commit = (digit: string) => digit.repeat(40);

describe("an image that is tagged as a commit", () => {
  const image = `ghcr.io/acme/root@sha256:${"e".repeat(64)}`;
  const wrong = (revisions: (string | undefined)[], revision: string | undefined = commit("a")) => wrongRevision({ stack: "prod", name: "root", image, revisions, commit: commit("f"), source: { place: "apps/root", revision } });

  test("was built from what the commit has, on each platform", () => {
    assert.equal(wrong([commit("a")]), undefined);
    assert.equal(wrong([commit("a"), commit("a")]), undefined);
  });

  test("else it is refused, with image, revision and what to do", () => {
    assert.equal(wrong([`${commit("a")}-dirty`]), `root: ${image} was built from aaaaaaa, with changes that were not committed: commit apps/root, and ./berth up -s prod, then push again`);
    assert.equal(wrong([commit("b")]), `root: ${image} was built from bbbbbbb, but fffffff, which its tags would name, has apps/root at aaaaaaa: ./berth up -s prod, then push again, or check out the commit that runs`);
    assert.match(wrongRevision({ stack: "prod", name: "root", image, revisions: [commit("a")], commit: commit("f"), source: { place: "apps/root", revision: undefined } }) ?? "", /fffffff, which its tags would name, has no apps\/root/);
    assert.match(wrong([undefined]) ?? "", /does not say which commit it was built from/);
    assert.match(wrong([]) ?? "", /does not say which commit it was built from/);
    assert.match(wrong([commit("a"), `${commit("a")}-dirty`]) ?? "", /is of several commits, aaaaaaa, aaaaaaa-dirty/);
  });
});

describe("the source of an application in a commit", () => {
  let folder = "";
  const git = (...args: string[]) => execFileSync("git", ["-C", folder, "-c", "user.name=t", "-c", "user.email=t@example.com", ...args], { encoding: "utf8" }).trim();
  const write = (path: string, text: string) => {
    mkdirSync(join(folder, path, ".."), { recursive: true });
    writeFileSync(join(folder, path), text);
  };
  const committed = () => {
    git("add", "-A");
    git("commit", "-qm", "x");
    return git("rev-parse", "HEAD");
  };
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "berth-revision-"));
    git("init", "-q", "-b", "main");
  });
  after(() => rmSync(folder, { recursive: true }));

  test("is the last commit that changed what the image is built from, whatever came later or is not committed", async () => {
    write("apps/root/app.ts", "export default { context: `${import.meta.dirname}/source` };\n");
    write("apps/root/source/main.rs", "1\n");
    const first = committed();
    write("apps/root/README.md", "beside the source\n");
    const second = committed();
    write("apps/root/source/main.rs", "2\n");
    assert.deepEqual(await sourceAt(folder, "root", second), { place: "apps/root", revision: first });
    const third = committed();
    assert.deepEqual([(await sourceAt(folder, "root", third)).revision, (await sourceAt(folder, "root", second)).revision], [third, first]);
  });

  test("is a git address's own commit; none for a folder or a commit that is not there", async () => {
    write("apps/remote/app.ts", `export default { context: "https://github.com/acme/shop.git#${commit("c")}:web" };\n`);
    assert.equal((await sourceAt(folder, "remote", git("rev-parse", "HEAD"))).revision, commit("c"));
    assert.equal((await sourceAt(folder, "none", git("rev-parse", "HEAD"))).revision, undefined);
    assert.equal((await sourceAt(folder, "root", commit("d"))).revision, undefined);
  });
});
