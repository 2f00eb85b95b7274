import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { globSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { readLimits, sizeOf } from "../../../cli/images/image-sizes.ts";
import { docker } from "../project.ts";

// Each image is built for this: what happens to be on the machine may be older than its Dockerfile.

const apps = join(import.meta.dirname, "../../../apps");
const limit = readLimits(dirname(apps));

for (const folder of globSync("**/app.ts", { cwd: apps }).map(dirname).toSorted()) {
  test(`${folder}: its image is within its limit`, async () => {
    const build = ["buildx", "--builder", "default", "build", "--quiet", "--load", join(apps, folder)];
    const image = execFileSync("docker", build, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] }).trim();
    const size = await sizeOf(docker, image);
    assert.ok(size > 1e6 && size <= limit(folder), `${size} bytes, and ${limit(folder)} are allowed`);
  });
}
