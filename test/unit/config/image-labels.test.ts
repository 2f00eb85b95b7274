import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { imageLabels } from "../../../config/image-labels.ts";

const name = (of: string) => `org.opencontainers.image.${of}`;

/** A repository with two folders, each changed in a commit of its own. */
function repository() {
  const folder = mkdtempSync(join(tmpdir(), "berth-labels-"));
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
    git("tag", "v1.0.0");
    commit("cart/a", "1");
    git("remote", "add", "origin", "https://token:x@example.com/acme/all.git");
    assert.deepEqual(imageLabels(join(folder, "shop")), { [name("source")]: "https://example.com/acme/all", [name("revision")]: shop, [name("version")]: "v1.0.0" });
  });

  test("say that the folder has changes that are not committed, and only then", () => {
    const { folder, write, commit } = repository();
    const shop = commit("shop/a", "1");
    write("cart/a", "1");
    assert.equal(imageLabels(join(folder, "shop"))[name("revision")], shop);
    write("shop/b", "1");
    assert.equal(imageLabels(join(folder, "shop"))[name("revision")], `${shop}-dirty`);
  });

  test("leave out an address that is none of https, and all where there is no repository or no commit", () => {
    const { folder, git, commit } = repository();
    assert.deepEqual(imageLabels(folder), {});
    commit("shop/a", "1");
    git("remote", "add", "origin", "git@example.com:acme/all.git");
    assert.equal(imageLabels(folder)[name("source")], undefined);
    assert.deepEqual(imageLabels(mkdtempSync(join(tmpdir(), "berth-labels-"))), {});
    assert.deepEqual(imageLabels("/nowhere"), {});
  });

  test("of a git address are its own address and commit, without a login", () => {
    const labels = { [name("source")]: "https://example.com/acme/shop", [name("revision")]: "0123abc" };
    assert.deepEqual(imageLabels("https://example.com/acme/shop.git#0123abc"), labels);
    assert.deepEqual(imageLabels("https://me:pw@example.com/acme/shop.git#0123abc:web"), labels);
  });
});
