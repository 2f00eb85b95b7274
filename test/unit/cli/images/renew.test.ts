import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { PassThrough } from "node:stream";
import { describe, test, type TestContext } from "node:test";
import { command } from "../../../../cli/images/images.ts";
import { Project } from "../../../../cli/project.ts";
import { Terminal } from "../../../../cli/terminal.ts";
import { FakeForge } from "../../../e2e/servers/fake-forge.ts";

// On a real repository with an origin; Docker and GitHub are stand-ins, so that no registry is asked.

const digest = (letter: string) => `sha256:${letter.repeat(64)}`;
const author = { GIT_AUTHOR_NAME: "ada", GIT_AUTHOR_EMAIL: "ada@example.com", GIT_COMMITTER_NAME: "ada", GIT_COMMITTER_EMAIL: "ada@example.com" };
const pinned = {
  "config/images.lock.json": `{ "redis": "redis:8.0@${digest("1")}", "postgres": "postgres:17-trixie@${digest("2")}" }\n`,
  "apps/shop/Dockerfile": `ARG IMAGE=node:24@${digest("3")}\nFROM \${IMAGE}\nCOPY --from=redis:8.0@${digest("1")} /a /b\nFROM debian:trixie-slim\n`,
  "images/tools/Dockerfile": "FROM golang:1.24-trixie\n",
};

class Repository {
  readonly folder: string;
  readonly #environment: NodeJS.ProcessEnv;
  readonly forge: FakeForge;

  constructor(context: TestContext, files: Record<string, string>, forge: FakeForge) {
    this.folder = mkdtempSync(join(tmpdir(), "berth-renew-"));
    this.forge = forge;
    context.after(() => rmSync(this.folder, { recursive: true }));
    this.#environment = { ...process.env, ...author, ...forge.environment, PATH: `${this.folder}/bin:${process.env["PATH"]}` };
    execFileSync("git", ["init", "--quiet", "--bare", "--initial-branch=main", join(this.folder, "origin.git")]);
    execFileSync("git", ["init", "--quiet", "--initial-branch=main", join(this.folder, "work")]);
    for (const [path, text] of Object.entries({ "Pulumi.yaml": "name: berth\n", ...files })) this.write(path, text);
    this.git("add", "--all");
    this.git("commit", "--quiet", "--message", "first");
    this.git("remote", "add", "origin", join(this.folder, "origin.git"));
    this.git("push", "--quiet", "origin", "main");
  }

  write(path: string, text: string): void {
    const full = join(this.folder, "work", path);
    mkdirSync(dirname(full), { recursive: true });
    writeFileSync(full, text);
  }

  git(...args: string[]): string {
    return execFileSync("git", args, { cwd: join(this.folder, "work"), encoding: "utf8", env: this.#environment, stdio: ["ignore", "pipe", "pipe"] }).trim();
  }

  /** `docker buildx imagetools inspect <tag>` answers with these digests, and refuses any other tag. */
  registryHas(digests: Record<string, string>): void {
    const cases = Object.entries(digests).map(([tag, value]) => `${tag}) echo ${value} ;;`);
    mkdirSync(join(this.folder, "bin"), { recursive: true });
    writeFileSync(join(this.folder, "bin/docker"), `#!/bin/sh\ncase "$4" in\n${cases.join("\n")}\n*) echo "$4: not found" >&2; exit 1 ;;\nesac\n`, { mode: 0o755 });
  }

  /** `./berth images renew --json`. */
  async renew(): Promise<{ images: { image: string }[]; branch?: string; commit?: string }> {
    const [out, error] = [new PassThrough(), new PassThrough()];
    const terminal = new Terminal(out, error, {});
    const context = { project: new Project(join(this.folder, "work")), terminal, environment: this.#environment, signal: new AbortController().signal, commands: {} };
    await command.run(context, { positionals: ["renew"], values: {}, flags: { json: true }, rest: [] });
    return JSON.parse(String(out.read() as Buffer)) as Awaited<ReturnType<Repository["renew"]>>;
  }
}

describe("berth images renew", () => {
  const made = async (context: TestContext, files: Record<string, string> = pinned) => {
    const forge = await FakeForge.start();
    context.after(() => forge[Symbol.asyncDispose]());
    return new Repository(context, files, forge);
  };
  const newer = { "redis:8.0": digest("a"), "postgres:17-trixie": digest("2"), "node:24": digest("c") };

  test("puts newer digests of what is pinned, in the lock and in Dockerfiles, on a branch, and opens its pull request", async (context) => {
    const repository = await made(context);
    repository.registryHas(newer);
    repository.write("README.md", "not committed\n");
    const { images, branch, commit } = await repository.renew();
    assert.deepEqual(images.map(({ image }) => image).toSorted(), ["node:24", "redis:8.0"]);
    assert.equal(branch, "renew/images");
    assert.equal(repository.git("ls-remote", "origin", "refs/heads/renew/images").split("\t")[0], commit);
    assert.equal(repository.git("diff", "--name-only", "main", commit ?? ""), "apps/shop/Dockerfile\nconfig/images.lock.json");
    const text = (path: string) => repository.git("show", `${commit}:${path}`);
    assert.equal(text("config/images.lock.json"), `{ "redis": "redis:8.0@${digest("a")}", "postgres": "postgres:17-trixie@${digest("2")}" }`);
    assert.equal(text("apps/shop/Dockerfile"), `ARG IMAGE=node:24@${digest("c")}\nFROM \${IMAGE}\nCOPY --from=redis:8.0@${digest("a")} /a /b\nFROM debian:trixie-slim`);
    assert.match(repository.git("log", "-1", "--format=%B", commit ?? ""), /^build\(images\): newer digests of redis:8\.0, node:24\n\nRenewed-digests: 2$|^build\(images\): newer digests of node:24, redis:8\.0\n\nRenewed-digests: 2$/);
    assert.deepEqual(repository.forge.changes, ["POST /repos/acme/shop/pulls"]);
    assert.equal(repository.git("status", "--porcelain"), "?? README.md", "the checkout stays as it is");
  });

  test("run again makes nothing of the same, and one commit in place of the last of what is newer still", async (context) => {
    const repository = await made(context);
    repository.registryHas(newer);
    const first = await repository.renew();
    assert.equal((await repository.renew()).commit, first.commit);
    repository.registryHas({ ...newer, "redis:8.0": digest("b") });
    const second = await repository.renew();
    assert.notEqual(second.commit, first.commit);
    assert.equal(repository.git("rev-list", "--count", `main..${second.commit}`), "1");
  });

  test("makes no branch where every digest is the newest, and where nothing is pinned", async (context) => {
    const repository = await made(context);
    repository.registryHas({ "redis:8.0": digest("1"), "postgres:17-trixie": digest("2"), "node:24": digest("3") });
    assert.deepEqual(await repository.renew(), { images: [] });
    const bare = await made(context, { "config/images.lock.json": '{ "redis": "redis:8.0" }\n', "apps/shop/Dockerfile": "FROM debian:trixie-slim\n" });
    bare.registryHas({});
    assert.deepEqual(await bare.renew(), { images: [] });
    for (const one of [repository, bare]) assert.equal(one.git("ls-remote", "origin", "refs/heads/renew/images"), "");
  });

  test("changes nothing where one digest can't be had", async (context) => {
    const repository = await made(context);
    repository.registryHas({ "redis:8.0": digest("a"), "node:24": digest("c") });
    await assert.rejects(repository.renew(), /1 of 3 digests could not be had, so every file stays as it is/);
    assert.equal(repository.git("ls-remote", "origin", "refs/heads/renew/images"), "");
  });

  test("is refused where somebody else has committed to its branch", async (context) => {
    const repository = await made(context);
    repository.registryHas(newer);
    await repository.renew();
    repository.git("switch", "--quiet", "renew/images");
    repository.write("apps/shop/fix.txt", "of a person\n");
    repository.git("add", "--all");
    repository.git("commit", "--quiet", "--message", "fix for the newer image");
    repository.git("push", "--quiet", "origin", "renew/images");
    repository.git("switch", "--quiet", "main");
    repository.registryHas({ ...newer, "redis:8.0": digest("b") });
    await assert.rejects(repository.renew(), /branch renew\/images has commits that no renewal made, which this one would replace: [0-9a-f]{7}\. Merge it, or give them up: git push origin --delete renew\/images/);
  });
});
