import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import * as fc from "fast-check";
import { imageLabels, webAddress } from "../../../config/image-labels.ts";

const name = (of: string) => `org.opencontainers.image.${of}`;

const all = mkdtempSync(join(tmpdir(), "berth-labels-"));
after(() => rmSync(all, { recursive: true }));

/** A repository with two folders, each changed in a commit of its own. */
function repository() {
  const folder = mkdtempSync(join(all, "repository-"));
  const git = (...args: string[]) => execFileSync("git", ["-C", folder, "-c", "user.name=a", "-c", "user.email=a@b.c", ...args], { encoding: "utf8" }).trim();
  const write = (file: string, text: string) => {
    mkdirSync(join(folder, file, ".."), { recursive: true });
    writeFileSync(join(folder, file), text);
  };
  const commit = (file: string, text: string) => {
    write(file, text);
    git("add", ".");
    git("commit", "-qm", file);
    return git("rev-parse", "HEAD");
  };
  git("init", "-q");
  return { folder, git, write, commit };
}

describe("the labels of an image", () => {
  test("name the last commit of its folder, whatever was committed elsewhere since", () => {
    const { folder, git, commit } = repository();
    const shop = commit("shop/a", "1");
    commit("cart/a", "1");
    git("remote", "add", "origin", "https://token:x@example.com/acme/all.git");
    assert.deepEqual(imageLabels(join(folder, "shop")), { [name("source")]: "https://example.com/acme/all", [name("revision")]: shop });
  });

  test("say that the folder has changes that are not committed, and only then", () => {
    const { folder, write, commit } = repository();
    const shop = commit("shop/a", "1");
    write("cart/a", "1");
    assert.equal(imageLabels(join(folder, "shop"))[name("revision")], shop);
    write("shop/b", "1");
    assert.equal(imageLabels(join(folder, "shop"))[name("revision")], `${shop}-dirty`);
  });

  test("stay the same after a tag, and with another form of the same remote: what runs is not deployed again", () => {
    const { folder, git, commit } = repository();
    commit("shop/a", "1");
    git("remote", "add", "origin", "https://example.com/acme/all.git");
    const labels = imageLabels(join(folder, "shop"));
    git("tag", "-a", "-m", "one", "v1.0.0");
    assert.deepEqual(imageLabels(join(folder, "shop")), labels);
    for (const remote of ["git@example.com:acme/all.git", "git@example.com:/acme/all", "ssh://git@example.com:2222/acme/all.git", "https://me:token@example.com/acme/all/", "http://example.com/acme/all.git", "example.com:acme/all.git"]) {
      git("remote", "set-url", "origin", remote);
      assert.deepEqual(imageLabels(join(folder, "shop")), labels, remote);
    }
  });

  test("never have a login of the remote, whatever it is", () => {
    fc.assert(
      fc.property(fc.constantFrom("https", "http", "ssh"), fc.stringMatching(/^[a-z0-9]{6,12}$/), fc.stringMatching(/^[A-Za-z0-9_-]{8,20}$/), (scheme, user, token) => {
        const told = webAddress(`${scheme}://${user}:${token}@git.example.com/acme/shop.git`);
        assert.equal(told, "https://git.example.com/acme/shop");
      }),
    );
  });

  test("leave out a remote that is a folder, and all where there is no repository or no commit", () => {
    const { folder, git, commit } = repository();
    assert.deepEqual(imageLabels(folder), {});
    commit("shop/a", "1");
    git("remote", "add", "origin", "../all.git");
    assert.equal(imageLabels(folder)[name("source")], undefined);
    assert.deepEqual(imageLabels(all), {});
    assert.deepEqual(imageLabels("/nowhere"), {});
  });

  test("of a git address are its own address and commit, without a login", () => {
    const labels = { [name("source")]: "https://example.com/acme/shop", [name("revision")]: "0123abc" };
    assert.deepEqual(imageLabels("https://example.com/acme/shop.git#0123abc"), labels);
    assert.deepEqual(imageLabels("https://me:pw@example.com/acme/shop.git#0123abc:web"), labels);
  });
});
