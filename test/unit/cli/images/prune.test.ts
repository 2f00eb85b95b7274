import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type Dockerode from "dockerode";
import type { Context } from "../../../../cli/command.ts";
import { command } from "../../../../cli/images/images.ts";
import { parseManifests, unnamedManifests } from "../../../../cli/images/registry-store.ts";
import { digestsIn, unnamedOf } from "../../../../cli/images/unnamed.ts";

test("--dry-run is refused of what prunes nothing, before it does anything", async () => {
  const context = { project: {}, terminal: {}, environment: {}, signal: new AbortController().signal, commands: {} } as unknown as Context;
  for (const action of ["list", "lock", "renew", "check", "sizes"]) {
    await assert.rejects(command.run(context, { positionals: [action], values: {}, flags: { "dry-run": true }, rest: [] }), new RegExp(`--dry-run is of prune, and berth images ${action} was asked for`));
  }
});

const digest = (letter: string) => `sha256:${letter.repeat(64)}`;

test("every digest of a text is found, however it stands there", () => {
  const text = JSON.stringify({ name: `127.0.0.1:5555/root:build@${digest("a")}`, list: [digest("b")], other: `x${digest("c")}y`, short: "sha256:abc" });
  assert.deepEqual([...digestsIn(text)], [digest("a"), digest("b"), digest("c")]);
});

describe("images on the Docker host that nothing names", () => {
  const isOwn = (repository: string) => repository.startsWith("127.0.0.1:5555/");
  const image = (id: string, { tags = [], digests = [], shared = 20 }: { tags?: string[]; digests?: string[]; shared?: number }) => ({ Id: digest(id), RepoTags: tags, RepoDigests: digests, Size: 100, SharedSize: shared, Created: 1 }) as unknown as Dockerode.ImageInfo;
  const of = (images: Dockerode.ImageInfo[], named: string[] = [], used: string[] = []) => unnamedOf(images, isOwn, new Set(named), new Set(used));

  test("are those of the stack's repositories that no release, no container and no stack file names, by every name of theirs", () => {
    const images = [
      image("1", { digests: [`127.0.0.1:5555/root@${digest("a")}`] }), // a kept release
      image("2", { tags: ["127.0.0.1:5555/root:build"], digests: [`127.0.0.1:5555/root@${digest("b")}`] }), // old
      image("3", { digests: [`127.0.0.1:5555/root@${digest("c")}`] }), // a container has it
      image("4", { tags: ["postgres:17"], digests: [`postgres@${digest("d")}`] }), // platform
      image("5", { tags: ["127.0.0.1:5556/root:build"] }), // another stack's registry
      image("6", {}), // nobody's
      image("7", { digests: [`ghcr.io/acme/root@${digest("e")}`, `127.0.0.1:5555/root@${digest("e")}`], shared: -1 }), // another name stays
    ];
    assert.deepEqual(of(images, [digest("a")], [digest("3")]), [
      { references: ["127.0.0.1:5555/root:build", `127.0.0.1:5555/root@${digest("b")}`], size: 100, own: 80, created: 1 },
      { references: [`127.0.0.1:5555/root@${digest("e")}`], size: 100, created: 1 },
    ]);
  });

  test("are none where the state names the image by its id, or by a digest in another repository", () => {
    assert.deepEqual(of([image("1", { digests: [`127.0.0.1:5555/root@${digest("a")}`] })], [digest("1")]), []);
    assert.deepEqual(of([image("1", { digests: [`127.0.0.1:5555/root@${digest("a")}`, `ghcr.io/acme/root@${digest("b")}`] })], [digest("b")]), []);
  });
});

describe("manifests in a registry of the stack's own", () => {
  const text = [
    `manifest root ${digest("a")}`,
    `refers ${digest("1")}`,
    `manifest root ${digest("b")}`, // an index with two images
    `refers ${digest("c")}`,
    `refers ${digest("d")}`,
    `manifest root ${digest("c")}`,
    `manifest root ${digest("d")}`,
    `manifest tools/more ${digest("e")}`,
    `tag tools/more ${digest("e")} build`,
    `manifest tools/more ${digest("c")}`, // of the same content, in another repository
    "",
  ].join("\r\n");

  test("are read with their tags and what they refer to", () => {
    const found = parseManifests(text);
    assert.deepEqual(found.map(({ repository, digest: of }) => `${repository} ${of.slice(7, 8)}`), ["root a", "root b", "root c", "root d", "tools/more e", "tools/more c"]);
    assert.deepEqual([found[0]?.refers, found[1]?.refers, found[4]?.tags], [[digest("1")], [digest("c"), digest("d")], ["build"]]);
  });

  test("go where they have no tag, no name, and are in no index that stays", () => {
    const gone = (named: string[]) => unnamedManifests(parseManifests(text), new Set(named)).map(({ repository, digest: of }) => `${repository} ${of.slice(7, 8)}`);
    assert.deepEqual(gone([digest("b")]), ["root a", "tools/more c"]);
    assert.deepEqual(gone([digest("a")]), ["root b", "root c", "root d", "tools/more c"]);
    assert.deepEqual(gone([digest("a"), digest("d")]), ["root b", "root c", "tools/more c"]);
  });
});
