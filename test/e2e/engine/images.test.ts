import assert from "node:assert/strict";
import { execFile, execFileSync, spawn } from "node:child_process";
import { appendFileSync, cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { addTags } from "../../../cli/images/push.ts";
import { buildFor, partTag, platformsIn } from "../../../cli/images/image-platforms.ts";
import { until } from "../eventually.ts";
import { freePort } from "../project.ts";

// Needs no stack, so it is run once and not for each engine: hence its name.

interface Step {
  name: string;
  cached: boolean;
}

/**
 * Applications: a source file, a line that changes nothing, and the steps that get the dependencies. Of those in Rust the
 * smallest: root and pcf have such a Dockerfile too, and compile their own crate for minutes.
 */
const applications: [folder: string, source: string, line: string, dependencies: RegExp][] = [
  ["services/go", "main.go", "// changed", /go mod download/],
  ["services/node", "src/main.ts", "// changed", /npm ci --omit=dev/],
  ["services/python", "service/__main__.py", "# changed", /pip .*install/],
  ["services/django", "notes/views.py", "# changed", /pip .*(wheel|install)/],
  ["services/worker", "worker/work.py", "# changed", /pip .*install/],
  ["profiles", "people/views.py", "# changed", /pip .*(wheel|install)/],
  ["profiles/monitor", "site_monitor/__main__.py", "# changed", /pip .*install/],
  ["deliver", "src/deliver/__main__.py", "# changed", /pip .*-r requirements\//],
  ["services/rust", "src/main.rs", "// changed", /fn main\(\) \{\}/],
];

/** The steps of a build, as the builder tells them. Its result stays in its cache. */
function build(context: string): Promise<Step[]> {
  const args = ["buildx", "build", "--builder", "default", "--progress", "plain", "--output", "type=cacheonly", context];
  return new Promise((resolve, reject) => {
    let text = "";
    const child = spawn("docker", args, { stdio: ["ignore", "ignore", "pipe"] });
    child.stderr.setEncoding("utf8").on("data", (part: string) => (text += part));
    child.on("error", reject);
    child.on("close", (code) => {
      if (code !== 0) return reject(new Error(`docker buildx build ended with ${code}: ${text.slice(-2000)}`));
      // `#7 [stage 2/5] RUN …`, and later `#7 CACHED` or `#7 DONE 0.3s`.
      const cached = new Set([...text.matchAll(/^#(\d+) CACHED$/gm)].map(([, number]) => number));
      const names = new Map([...text.matchAll(/^#(\d+) (\[.+)$/gm)].map(([, number, name]) => [number, name ?? ""]));
      resolve([...names].map(([number, name]) => ({ name, cached: cached.has(number) })));
    });
  });
}

for (const [folder, source, line, dependencies] of applications) {
  test(`${folder}: a changed source line rebuilds no dependency`, async (context) => {
    const copy = mkdtempSync(join(tmpdir(), "berth-image-"));
    context.after(() => rmSync(copy, { recursive: true }));
    cpSync(join(import.meta.dirname, "../../../apps", folder), copy, { recursive: true });
    await build(copy);
    appendFileSync(join(copy, source), `\n${line} ${Date.now()}\n`);
    const started = performance.now();
    const steps = await build(copy);
    context.diagnostic(`rebuilt in ${Math.round(performance.now() - started)} ms`);
    const got = steps.filter(({ name }) => /^\[.*\] RUN/.test(name) && dependencies.test(name));
    assert.ok(got.length > 0, `no step gets the dependencies: ${steps.map(({ name }) => name).join("; ")}`);
    assert.deepEqual(got.filter(({ cached }) => !cached), []);
    const copied = steps.filter(({ name }) => /^\[.*\] COPY/.test(name) && !name.includes("--from"));
    assert.ok(copied.some(({ cached }) => !cached), "the changed line was in no step");
  });
}

/** In cargo's place, as this is about the builder: each call leaves a number of its own in the layer, and tells all that are there. */
const countingCargo = `#!/bin/sh
name=$(sed -n 's/^name = "\\(.*\\)"$/\\1/p' Cargo.toml | head -1)
mkdir -p target/release
echo "$name $(cat /proc/sys/kernel/random/uuid)" >> target/compiled
printf '#!/bin/sh\\necho %s\\n' "$name" > "target/release/$name"
chmod +x "target/release/$name"
echo "compiled: $(tr '\\n' , < target/compiled)"
`;

test("the applications in Rust compile what they share once, also when they are built side by side", async (context) => {
  const folder = mkdtempSync(join(tmpdir(), "berth-cargo-"));
  const image = `berth-test-cargo:${Date.now()}`;
  context.after(() => {
    execFileSync("docker", ["rmi", "-f", image], { stdio: "ignore" });
    rmSync(folder, { recursive: true });
  });
  writeFileSync(join(folder, "cargo"), countingCargo, { mode: 0o755 });
  // The time makes an image of its own, so that no earlier run's layers are taken.
  writeFileSync(join(folder, "Dockerfile"), `FROM debian:trixie-slim\nRUN echo ${Date.now()} > /made\nCOPY cargo /usr/local/bin/cargo\n`);
  execFileSync("docker", ["buildx", "build", "--builder", "default", "--quiet", "--tag", image, folder]);
  const compiled = await Promise.all(
    ["root", "pcf", "services/rust"].map(async (app) => {
      const source = join(import.meta.dirname, "../../../apps", app);
      const args = ["buildx", "build", "--builder", "default", "--progress", "plain", "--build-arg", `BUILD_IMAGE=${image}`, "--target", "build", "--output", "type=cacheonly", source];
      const { stderr } = await promisify(execFile)("docker", args);
      return [...stderr.matchAll(/ compiled: (.*),$/gm)].at(-1)?.[1]?.split(",") ?? [];
    }),
  );
  const [shared = "", ...others] = compiled.map(([first]) => first);
  assert.match(shared, /^service [0-9a-f-]{36}$/);
  assert.deepEqual(others, [shared, shared], "each compiled it for itself");
  // Then their other dependencies, and themselves.
  assert.deepEqual(compiled.map(([, ...rest]) => rest.map((line) => line.split(" ")[0])), [["root", "root"], ["pcf", "pcf"], ["service"]]);
});

test("images of two platforms, built one by one, are joined under one tag that names both", async (context) => {
  const port = await freePort();
  const repository = `127.0.0.1:${port}/shop`;
  const folder = mkdtempSync(join(tmpdir(), "berth-platforms-"));
  writeFileSync(join(folder, "config.yml"), 'version: 0.1\nstorage: {inmemory: {}}\nhttp: {addr: ":5000"}\n');
  const options = ["--rm", "-p", `127.0.0.1:${port}:5000`, "-v", `${folder}/config.yml:/etc/registry.yml:ro`, "--entrypoint", "/bin/registry"];
  const container = execFileSync("docker", ["run", "-d", ...options, "registry:2.8.3", "serve", "/etc/registry.yml"], { encoding: "utf8" }).trim();
  context.after(() => {
    execFileSync("docker", ["rm", "-f", "-v", container], { stdio: "ignore" });
    rmSync(folder, { recursive: true });
  });
  await until(async () => (await fetch(`http://127.0.0.1:${port}/v2/`).catch(() => undefined))?.status === 200);
  writeFileSync(join(folder, "Dockerfile"), "FROM scratch\nARG TARGETARCH\nLABEL arch=${TARGETARCH}\nCOPY Dockerfile /\n");
  const inputs = { context: { location: folder }, dockerfile: { location: join(folder, "Dockerfile") }, push: true, builder: { name: "default" } };
  const part = (platform: string) => `${repository}:${partTag("sha-0123456", platform)}`;
  const amd64 = await buildFor("linux/amd64", inputs, part("linux/amd64"), process.env);
  const arm64 = await buildFor("linux/arm64", inputs, part("linux/arm64"), process.env);
  assert.deepEqual(await platformsIn(`${repository}@${amd64}`, process.env), ["linux/amd64"]);
  assert.deepEqual(await platformsIn(part("linux/arm64"), process.env), ["linux/arm64"]);
  assert.deepEqual(await platformsIn(part("linux/riscv64"), process.env), [], "one that nobody pushed");

  await addTags([`${repository}:v1.2.3`, `${repository}:latest`], [`${repository}@${amd64}`, part("linux/arm64")], process.env);
  for (const tag of ["v1.2.3", "latest"]) {
    assert.deepEqual((await platformsIn(`${repository}:${tag}`, process.env)).toSorted(), ["linux/amd64", "linux/arm64"]);
    const accept = "application/vnd.docker.distribution.manifest.list.v2+json, application/vnd.oci.image.index.v1+json";
    const index = (await (await fetch(`http://127.0.0.1:${port}/v2/shop/manifests/${tag}`, { headers: { accept } })).json()) as { manifests: { digest: string; platform: object }[] };
    assert.deepEqual(index.manifests.map(({ digest }) => digest), [amd64, arm64], "the images are the very ones that were pushed");
  }
});
