import assert from "node:assert/strict";
import { test } from "node:test";
import { silent } from "../../../cli/progress.ts";
import { ensureImages } from "../../../cli/setup/images.ts";
import { readRecipes } from "../../../standins/build.ts";
import { checkImage, requirements } from "../../../standins/check.ts";
import { docker, localImages } from "../../../standins/docker.ts";
import { platformImages } from "../../../standins/images.ts";
import { engineUsesMirror, hashInMirror } from "../../../standins/mirror.ts";

// Runs on upstream's images where Docker Hub answers, on the stand-ins elsewhere.
const state = await ensureImages(silent);
for (const reference of state.missing) await docker(["pull", "--quiet", reference]);

for (const image of platformImages()) {
  const skip = state.without.includes(image.reference) && "it has no stand-in, and Docker Hub does not answer";
  test(`${image.reference} provides what the program relies on`, { skip }, async () => {
    const { failures } = await checkImage(image);
    assert.ok(requirements(image).length > 0);
    assert.deepEqual(failures.map(({ requirement, printed }) => `${requirement.text}: ${printed}`), []);
  });
}

test("the second time everything is there, in under 2 seconds", async () => {
  const started = performance.now();
  const again = await ensureImages(silent);
  assert.deepEqual([again.missing, again.stale, again.without], [[], [], state.without]);
  assert.ok(performance.now() - started < 2000);
});

test("the mirror gives the stand-ins that containers run", async (context) => {
  if (state.standIns.length === 0 || !(await engineUsesMirror())) return context.skip("no stand-ins, or an engine that asks no mirror");
  for (const { reference, hash, isMirrored } of (await readRecipes()).standIns) if (isMirrored) assert.equal(await hashInMirror(reference), hash, reference);
});

test("a build finds a base under its usual name", async (context) => {
  const tag = "berth-images-test:base";
  context.after(() => docker(["rmi", tag]));
  const toolbox = platformImages().find((image) => image.role === "toolbox")?.reference ?? "";
  await docker(["buildx", "build", "--builder", await docker(["context", "show"]), "--quiet", "--tag", tag, "-"], { input: `FROM ${toolbox}\nRUN test -d /etc\n` });
  assert.ok((await localImages([tag])).has(tag));
});
