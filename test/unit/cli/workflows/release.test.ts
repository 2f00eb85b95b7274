import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test, type TestContext } from "node:test";
import { writeIdentity } from "../../../../cli/workflows/identity.ts";
import { notesOf, requireOn } from "../../../../cli/workflows/notes.ts";

const changelog = `# Changelog

## [1.3.0] - Unreleased

### Added

- Not yet.

## [1.2.3] - 2026-03-04

### Fixed

- A [link](docs/images.md), and \`code\`.

## [1.2.2] - 2026-02-01

[1.2.3]: https://example.com/compare
`;

describe("a tag", () => {
  test("is taken where its commit is on origin's branch, and refused elsewhere, or where that can't be known", async (context) => {
    const folder = mkdtempSync(join(tmpdir(), "berth-tag-"));
    context.after(() => rmSync(folder, { recursive: true }));
    const git = (...args: string[]) => execFileSync("git", ["-C", folder, "-c", "user.name=Ada", "-c", "user.email=ada@example.com", ...args], { encoding: "utf8" }).trim();
    const { signal } = new AbortController();
    git("init", "-qb", "main");
    git("commit", "-q", "--allow-empty", "-m", "one");
    git("tag", "-a", "v1.0.0", "-m", "one");
    git("commit", "-q", "--allow-empty", "-m", "two");
    await assert.rejects(requireOn(folder, "v1.0.0", "main", signal), /origin's branch main is not here/);
    git("update-ref", "refs/remotes/origin/main", "HEAD");
    git("checkout", "-qb", "other");
    git("commit", "-q", "--allow-empty", "-m", "nobody reviewed it");
    git("tag", "v2.0.0");
    await requireOn(folder, "v1.0.0", "main", signal);
    await assert.rejects(requireOn(folder, "v2.0.0", "main", signal), /the tag v2\.0\.0 is at [0-9a-f]{12}, which is not on origin's branch main: merge that commit first/);
    await assert.rejects(requireOn(folder, "v3.0.0", "main", signal), /there is no tag v3\.0\.0 here/);
  });
});

describe("the notes of a release", () => {
  test("are the section of its version, without the heading", () => {
    assert.equal(notesOf(changelog, "v1.2.3"), "### Fixed\n\n- A [link](docs/images.md), and `code`.");
  });
  const refused: [what: string, version: string, message: RegExp][] = [
    ["has no section", "v1.2", /no section "## \[1\.2\]": it has 1\.3\.0, 1\.2\.3, 1\.2\.2/],
    ["has no day yet", "v1.3.0", /write the day of the release/],
    ["says nothing", "v1.2.2", /says nothing/],
  ];
  for (const [what, version, message] of refused) test(`of a version that ${what} are refused`, () => assert.throws(() => notesOf(changelog, version), message));
});

describe("the identity of a CI machine", { skip: spawnSync("ssh-keygen", ["-?"]).error !== undefined && "ssh-keygen is not there" }, () => {
  const folder = (context: TestContext) => {
    const path = mkdtempSync(join(tmpdir(), "berth-identity-"));
    context.after(() => rmSync(path, { recursive: true }));
    return path;
  };
  const keyIn = (path: string) => {
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "test", "-f", join(path, "made")]);
    return readFileSync(join(path, "made"), "utf8");
  };
  const hosts = "berth.example.com ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA\n";

  test("is a key that ssh can read, and the host keys beside those that are there", (context) => {
    const path = folder(context);
    const key = keyIn(path);
    writeFileSync(join(path, "known_hosts"), "github.com ssh-ed25519 AAAA\n");
    const environment = { CI: "true", BERTH_SSH_KEY: key.trim(), BERTH_SSH_KNOWN_HOSTS: hosts };
    const [identity = "", known = ""] = writeIdentity(environment, path);
    writeIdentity(environment, path);
    assert.match(execFileSync("ssh-keygen", ["-y", "-f", identity], { encoding: "utf8" }), /^ssh-ed25519 /);
    assert.equal(readFileSync(known, "utf8"), `github.com ssh-ed25519 AAAA\n${hosts}`);
    assert.equal(statSync(identity).mode & 0o777, 0o600);
  });

  test("is refused without its variables, where it is no CI, and over another key", (context) => {
    const path = folder(context);
    const good = { CI: "true", BERTH_SSH_KEY: keyIn(path), BERTH_SSH_KNOWN_HOSTS: hosts };
    const refused: [NodeJS.ProcessEnv, RegExp][] = [
      [{ ...good, CI: undefined }, /ssh-add/],
      [{ ...good, BERTH_SSH_KEY: "" }, /fork gets no secrets/],
      [{ ...good, BERTH_SSH_KEY: "AAAA" }, /no private key/],
      [{ ...good, BERTH_SSH_KNOWN_HOSTS: undefined }, /ssh-keyscan/],
    ];
    for (const [environment, message] of refused) assert.throws(() => writeIdentity(environment, path), message);
    writeFileSync(join(path, "id_ed25519"), "another\n");
    assert.throws(() => writeIdentity(good, path), /has another key already/);
    assert.equal(readFileSync(join(path, "id_ed25519"), "utf8"), "another\n");
  });
});
