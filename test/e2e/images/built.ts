import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { before, test } from "node:test";
import { gunzipSync } from "node:zlib";
import type { Given } from "../app/kinds.ts";
import { leftToTheNight } from "../slow.ts";

interface Manifest {
  mediaType: string;
  manifests?: { digest: string; platform: { os: string; architecture: string } }[];
  config?: { digest: string };
  layers?: { digest: string }[];
}

// The image of services/go, which any machine can build for any platform: Go compiles for others, and the image has
// nothing but the program. That a program for arm64 runs is shown by release.yml, on a machine that is one.

/** Tags and platforms of an image that runs. */
export function builtImages(given: Given): void {
  let registry: string;
  before(async () => void (registry = (await given().project.containers("registry"))[0]?.Id ?? ""));
  const environment = () => ({ GITHUB_SHA: given().commit, GITHUB_REF_NAME: "v1.2.3" });

  /** A file of the registry's store, as it is on its volume. */
  function stored(path: string): Buffer {
    return execFileSync("docker", ["exec", registry, "cat", `/var/lib/registry/docker/registry/v2/${path}`], { maxBuffer: 2 ** 28 });
  }
  const blob = (id: string) => stored(`blobs/${id.replace(":", "/").replace(/\/(..)/, "/$1/$1")}/data`);
  const manifest = (id: string) => JSON.parse(blob(id).toString()) as Manifest;
  const tagged = (tag: string) => stored(`repositories/service-go/_manifests/tags/${tag}/current/link`).toString();

  test("a part of an image for several platforms has the commit's tag with its architecture, and moves no other", { skip: leftToTheNight }, async () => {
    const { project, digest, commit } = given();
    const run = await project.berth(["push", "service-go", "-s", project.stack, "--part", "--json"], { environment: environment() });
    assert.equal(run.code, 0, run.output);
    const { pushed } = JSON.parse(run.stdout) as { pushed: Record<string, string[]> };
    const architecture = execFileSync("docker", ["version", "--format", "{{.Server.Arch}}"], { encoding: "utf8" }).trim();
    assert.deepEqual(pushed["service-go"], [`127.0.0.1:${project.registryPort}/service-go:sha-${commit.slice(0, 7)}-${architecture}`]);
    // Some releases of buildx put even one image into an index.
    const part = tagged(`sha-${commit.slice(0, 7)}-${architecture}`);
    assert.deepEqual(part === digest ? [digest] : manifest(part).manifests?.map(({ digest: id }) => id), [digest]);
    assert.throws(() => tagged("v1.2.3"));
  });

  test("a tag names one index for amd64 and arm64: the image that runs, and one that is built of the same source", { skip: leftToTheNight }, async () => {
    const { project, digest, commit } = given();
    const run = await project.berth(["push", "service-go", "-s", project.stack, "--platforms", "linux/amd64,linux/arm64"], { environment: environment() });
    assert.equal(run.code, 0, run.output);
    const index = manifest(tagged("v1.2.3"));
    assert.match(index.mediaType, /manifest\.list|image\.index/);
    const platforms = Object.fromEntries((index.manifests ?? []).map(({ platform, digest: id }) => [`${platform.os}/${platform.architecture}`, id]));
    assert.deepEqual(Object.keys(platforms).toSorted(), ["linux/amd64", "linux/arm64"]);
    assert.ok(Object.values(platforms).includes(digest), "what runs is not in the index");
    for (const tag of ["latest", `sha-${commit.slice(0, 7)}`]) assert.equal(tagged(tag), tagged("v1.2.3"), tag);

    // EM_X86_64 and EM_AARCH64 in the ELF header of the program, which is in one of the layers.
    for (const [platform, machine] of [["linux/amd64", 62], ["linux/arm64", 183]] as const) {
      const { config, layers } = manifest(platforms[platform] ?? "");
      const programs = (layers ?? []).map((layer) => gunzipSync(blob(layer.digest))).map((tar) => tar.indexOf("\x7fELF") >= 0 ? tar.readUInt16LE(tar.indexOf("\x7fELF") + 18) : undefined);
      assert.ok(programs.includes(machine), `${platform}: ${programs.join(", ")}`);
      const labels = (JSON.parse(blob(config?.digest ?? "").toString()) as { config: { Labels: Record<string, string> } }).config.Labels;
      assert.equal(labels["org.opencontainers.image.revision"], commit, platform);
    }
  });

  test("an image is not tagged as a commit that has another source", { skip: leftToTheNight }, async () => {
    const { project, digest, commit } = given();
    const git = (...args: string[]) => execFileSync("git", ["-C", project.dir, ...args], { encoding: "utf8" }).trim();
    const changed = "apps/services/go/README.md";
    project.write(changed, `${readFileSync(join(project.dir, changed), "utf8")}\n`);
    // What is not committed is not in the image that runs.
    const good = await project.berth(["push", "service-go", "-s", project.stack], { environment: environment() });
    assert.equal(good.code, 0, good.output);
    git("-c", "user.name=t", "-c", "user.email=t@example.com", "commit", "-q", "-m", "second", "--", changed);
    const second = git("rev-parse", "HEAD");
    const other = await project.berth(["push", "service-go", "-s", project.stack], { environment: { GITHUB_SHA: second, GITHUB_REF_NAME: "v1.2.4" } });
    git("checkout", "-q", commit);
    assert.equal(other.code, 1, other.output);
    assert.match(other.output, new RegExp(`nothing was tagged:\\nservice-go: .*@${digest} was built from ${commit.slice(0, 7)}, but ${second.slice(0, 7)}, which its tags would name, has apps/services/go at ${second.slice(0, 7)}: \\./berth up -s ${project.stack}`));
    assert.throws(() => tagged("v1.2.4"));
  });

  test("a platform is not built of another source than what runs", { skip: leftToTheNight }, async () => {
    const { project } = given();
    const main = join(project.dir, "apps/services/go/main.go");
    project.write("apps/services/go/main.go", `${readFileSync(main, "utf8")}\n// changed\n`);
    const other = await project.berth(["push", "service-go", "-s", project.stack, "--platforms", "linux/amd64,linux/riscv64"], { environment: environment() });
    project.write("apps/services/go/main.go", readFileSync(main, "utf8").replace("\n// changed\n", ""));
    assert.equal(other.code, 1, other.output);
    assert.match(other.output, /another source: the stack runs [0-9a-f]{40}, and .* is at [0-9a-f]{40}-dirty\. \.\/berth up/);
    const both = await project.berth(["push", "service-go", "-s", project.stack, "--part", "--platforms", "linux/amd64"], { environment: environment() });
    assert.equal(both.code, 2);
  });

  test("the sizes are measured on the stack's engine, and one beyond its limit is a failure", async () => {
    const { project } = given();
    const sizes = () => project.berth(["images", "sizes", "-s", project.stack]);
    const good = await sizes();
    assert.equal(good.code, 0, good.output);
    assert.match(good.stdout, /^service-go +1\d MB +30 MB +ok$/m);
    project.write("config/images.limits.json", JSON.stringify({ "services/go": "1MB", others: "500MB" }));
    const bad = await sizes();
    assert.equal(bad.code, 1);
    assert.match(bad.stdout, /^service-go +1\d MB +1\.0 MB +1\d MB too much$/m);
  });
}
