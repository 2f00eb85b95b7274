import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import type { Given } from "../deploy/dev-stack.ts";
import { docker } from "../project.ts";
import { leftToTheNight } from "../slow.ts";

interface Pruned {
  host: { images: string[][]; bytes: number };
  registry: { manifests: string[]; bytes?: number };
}

/** Images that nothing names any more. */
export function prune(given: Given): void {
  test("images prune removes the image of an update that failed from the host and the registry, and nothing that a release names", { skip: leftToTheNight }, async () => {
    const { project } = given();
    const [file, dockerfile] = [`Pulumi.${project.stack}.yaml`, "apps/members/Dockerfile"];
    const [stackFile, recipe] = [file, dockerfile].map((path) => readFileSync(`${project.dir}/${path}`, "utf8")) as [string, string];
    const images = async () => (await docker.listImages({ digests: true } as object)).flatMap(({ RepoDigests }) => RepoDigests ?? []).filter((reference) => reference.startsWith(`127.0.0.1:${project.registryPort}/members@`));
    const first = await images();

    project.write(dockerfile, `${recipe}\nRUN echo ${project.stack} > /bad\n`);
    project.write(file, stackFile.replace(/VERSION: .*/, (line) => `${line}\n        POSTGRES_PASSWORD_FILE: /run/secrets/none`));
    assert.equal((await project.berth(["up", "-s", project.stack])).code, 1);
    const bad = (await images()).filter((reference) => !first.includes(reference));
    assert.equal(bad.length, 1, "the update that failed has pulled its image");
    project.write(dockerfile, `${recipe}\nRUN echo ${project.stack} > /good\n`);
    project.write(file, stackFile);
    await project.up();
    const before = await images();

    const prune = async (...more: string[]) => {
      const run = await project.berth(["images", "prune", "-s", project.stack, "--json", ...more]);
      assert.equal(run.code, 0, run.output);
      return JSON.parse(run.stdout) as Pruned;
    };
    const hash = (reference = "") => reference.split("@")[1] ?? "";
    const manifest = (reference = "") => `members@${hash(reference)}`;
    const dry = await prune("--dry-run");
    assert.deepEqual(dry.host.images.flat().map(hash), bad.map(hash));
    assert.ok(dry.registry.manifests.includes(manifest(bad[0])), JSON.stringify(dry));
    for (const reference of before.filter((each) => !bad.includes(each))) assert.ok(!dry.registry.manifests.includes(manifest(reference)), reference);
    assert.deepEqual((await images()).toSorted(), before.toSorted(), "--dry-run removes nothing");

    const pruned = await prune();
    assert.deepEqual([pruned.host.images, pruned.registry.manifests], [dry.host.images, dry.registry.manifests]);
    assert.ok(pruned.host.bytes > 0 && (pruned.registry.bytes ?? 0) > 0, JSON.stringify(pruned));
    assert.deepEqual((await images()).toSorted(), before.filter((each) => !bad.includes(each)).toSorted());
    const again = await prune();
    assert.deepEqual([again.host.images, again.registry.manifests], [[], []]);

    // What stays can run again, and the registry takes the next image.
    const back = await project.berth(["rollback", project.stack, "--dry-run"]);
    assert.equal(back.code, 0, back.output);
    assert.deepEqual((await project.up()).changes, {});
    project.write(dockerfile, recipe);
    await project.up();
    assert.equal((await project.get("/health")).status, 200);
  });
}
