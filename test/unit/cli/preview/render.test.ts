import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { codeSpan, fenceFor, plainLine } from "../../../../cli/preview/escape.ts";
import { renderFailure } from "../../../../cli/preview/failure.ts";
import { renderJson } from "../../../../cli/preview/json.ts";
import { commentLimit, renderMarkdown } from "../../../../cli/preview/markdown.ts";
import { type Preview, previewOf } from "../../../../cli/preview/model.ts";
import { rawDiff } from "../../../../cli/preview/raw.ts";
import { renderText } from "../../../../cli/preview/text.ts";
import { drifts, facts, replica, step, urnOf, web } from "./steps.ts";

const digest = (letter: string) => `sha256:${letter.repeat(64)}`;

/** A change of code, configuration, a secret and a migration. */
function release(): Preview {
  const parent = urnOf("berth:index:Application", "shop");
  const label = (revision: string) => ({ labels: { "org.opencontainers.image.revision": revision.repeat(40) } });
  const steps = [
    step("update", "docker-build:index:Image", "shop-image", { before: label("1"), after: label("2"), diff: ["contextHash"], parent }),
    step("replace", "docker:index/remoteImage:RemoteImage", "shop-image-pulled", { before: { name: `r/shop:latest@${digest("a")}` }, after: { name: "[unknown]" }, diff: ["name"], parent }),
    step("replace", "random:index/randomId:RandomId", "shop-secrets-version", { before: { keepers: { KEY: "[secret]" } }, after: { keepers: { KEY: "[secret]" } }, diff: ["keepers"], parent }),
    replica(0, { image: "[unknown]", envs: ["POSTGRES_HOST=postgres", "MODE=b|c"] }),
  ];
  return previewOf(
    facts(steps, {
      host: { memory: 4096, cpus: 2 },
      commits: { shop: { added: [{ hash: "2222222", subject: "fix: `x` for @acme <b>#7</b>" }], removed: [] } },
      migrations: { shop: { added: [{ name: "0003.sql", compatible: true, undoable: false, reasons: ["line 2 drops t; the data in it does not come back"] }], altered: [] } },
      last: { changes: { config: [{ key: "berth:apps.shop.env.MODE", before: "a", after: "b|c" }], secrets: [{ key: "shop:KEY", how: "changed" }] }, revisions: {} },
    }),
  );
}

test("a comment, line by line", () => {
  assert.deepEqual(renderMarkdown(release()).split("\n"), [
    "## Preview of `prod`",
    "",
    "**No request should fail.**",
    "",
    "**Data is touched:**",
    "",
    "- the migration `0003.sql` runs, and can't be undone",
    "",
    "1 to update, 3 to replace, by the Pulumi CLI.",
    "",
    "| | what happens | can a request fail? | is data touched? |",
    "|---|---|---|---|",
    "| `shop` | 1 web container is replaced, the new one beside the old (environment, image) | no | **yes** |",
    "",
    "### `shop`",
    "",
    "- data: the migration `0003.sql` runs, and can't be undone",
    `- image: \`r/shop\`: \`${digest("a")}\` → built by the update, so its digest is not known yet`,
    "- commits:",
    "  - `111111111111` → `222222222222`: 1 commit",
    "  - `2222222` ``fix: `x` for @acme <b>#7</b>``",
    "- environment: `MODE`: `a` → `b|c`",
    "- files: `shop-secrets`: another value of the secret `KEY`",
    "- migrations: `0003.sql`: the version that runs now goes on working with it; it can't be undone (`line 2 drops t; the data in it does not come back`)",
    "",
    "### Stack file",
    "",
    "- keys: `berth:apps.shop.env.MODE`: `a` → `b|c`",
    "- secrets: `shop:KEY` has another value",
    "",
    "### Memory and processors",
    "",
    "- limits:",
    "  - 5 containers of at most 1088 MiB and 3.5 cores, as before",
    "  - 1216 MiB while old and new containers run side by side",
    "  - The Docker host has 4096 MiB and 2 cores.",
    "",
    "<details><summary>The engine's diff, 4 resources</summary>",
    "",
    "```diff",
    "! update docker-build:index:Image shop-image",
    "!     contextHash: differs",
    "! replace docker:index/remoteImage:RemoteImage shop-image-pulled, the new one made first",
    `!     name: "r/shop:latest@${digest("a")}" => "[unknown]"`,
    "! replace random:index/randomId:RandomId shop-secrets-version, the new one made first",
    "!     keepers: differs",
    "! replace docker:index/container:Container shop-web-0, the new one made first",
    '!     image: "r/shop@sha256:1" => "[unknown]"',
    '!     envs[1]: "MODE=a" => "MODE=b|c"',
    "```",
    "",
    "</details>",
    "",
  ]);
});

test("the terminal has the same, and the counts last", () => {
  const lines = renderText(release(), (text) => `*${text}*`).split("\n");
  assert.deepEqual(lines.slice(0, 6), ["*No request should fail.*", "*Data is touched:*", "  the migration 0003.sql runs, and can't be undone", "", "PART  REQUESTS CAN FAIL  DATA TOUCHED  WHAT HAPPENS", "shop  no                 yes           1 web container is replaced, the new one beside the old (environment, image)"]);
  assert.ok(lines.includes("  environment  MODE: a → b|c"));
  assert.equal(lines.at(-1), "1 to update, 3 to replace");
});

test("nothing to do is said in one sentence", () => {
  const preview = previewOf(facts([]));
  assert.match(renderMarkdown(preview), /^## Preview of `prod`\n\n\*\*Nothing changes\.\*\*/);
  assert.equal(renderText(preview), "0 changes");
});

test("JSON keeps what machines read, and has sentences as text", () => {
  const json = renderJson(release()) as { changes: object; resources: object[]; data: object; stack: string; engine: string };
  assert.deepEqual([json.stack, json.engine, json.changes, json.resources.length], ["prod", "pulumi", { update: 1, replace: 3 }, 4]);
  assert.deepEqual(json.data, { happens: true, reasons: ["the migration 0003.sql runs, and can't be undone"] });
  assert.deepEqual(json.resources[0], { op: "update", type: "docker-build:index:Image", name: "shop-image", urn: urnOf("docker-build:index:Image", "shop-image"), diff: ["contextHash"], replaces: [] });
});

const byHand = [
  "- `shop`:",
  "  - container `shop-web-0`: `memory 96 MiB` (the state says: `memory 64 MiB`); `up` sets it back without a restart",
  "  - container `shop-web-0`: `stopped, code 137` (the state says: `running`); `up` starts it again",
  "  - container `shop-web-1`: `its network prod-edge is gone` (the state says: `on prod-edge`); `up` replaces it, so it starts anew",
  "- `pg`: volume `pg`: `no such volume` (the state says: `prod-pg`); `up` makes it again, empty",
  "- `redis`: container `redis`: `no such container` (the state says: `redis-1 runs`); `up` makes it again, so it starts anew",
];

test("what was changed by hand is a section in all three, also where the program changes nothing", () => {
  const nothing = previewOf(facts([], { byHand: drifts() }));
  assert.deepEqual(renderMarkdown(nothing).split("\n"), ["## Preview of `prod`", "", "**The program changes nothing.** What was changed by hand is put right.", "", "### Changed by hand", "", ...byHand, ""]);
  const preview = previewOf(facts([step("create", "docker:index/volume:Volume", "shop-data", { parent: urnOf("berth:index:Application", "shop") })], { byHand: drifts() }));
  assert.ok(renderMarkdown(preview).includes(`\n### Changed by hand\n\n${byHand.join("\n")}\n\n### Stack file\n`), renderMarkdown(preview));
  for (const text of [renderText(nothing), renderText(preview)]) {
    const at = text.split("\n").indexOf("Changed by hand");
    assert.equal(text.split("\n")[at + 1], "  shop   container shop-web-0: memory 96 MiB (the state says: memory 64 MiB); up sets it back without a restart");
    assert.equal(text.split("\n")[at + 4], "  pg     volume pg: no such volume (the state says: prod-pg); up makes it again, empty");
  }
  assert.equal(renderText(nothing).split("\n").at(-1), "0 changes");
  assert.equal((renderJson(nothing)["byHand"] as object[]).length, 5);
  assert.doesNotMatch(renderMarkdown(release()) + renderText(release()), /by hand/);
});

test("a Docker host that does not answer is told of once", () => {
  const { byHand: _, ...unknown } = facts([replica(0, { memory: 1 })]);
  const nothing = { ...unknown, steps: [], changes: {} };
  for (const told of [unknown, { ...unknown, host: { memory: 1, cpus: 1 } }, nothing].map(previewOf)) {
    for (const text of [renderMarkdown(told), renderText(told)]) assert.equal(text.split(/by hand,? is/).length, 2, text);
  }
  assert.match(renderMarkdown(previewOf(nothing)), /^## Preview of `prod`\n\n\*\*The program changes nothing\.\*\* .*\n\n### Changed by hand\n\n- changes: What differs by hand is not known: the Docker host was not reached from here\.\n$/);
});

test("accepted exceptions are a fold of their own, and the last words before the counts", () => {
  const exceptions = [{ what: "root, CHOWN", reason: "gives a new volume to its user", containers: 2 }];
  const preview = { ...release(), exceptions };
  assert.ok(renderMarkdown(preview).endsWith("\n</details>\n\n<details><summary>Accepted by the policy</summary>\n\n- 2 containers with root, CHOWN: gives a new volume to its user\n\n</details>\n"));
  assert.deepEqual(renderText(preview).split("\n").slice(-4, -2), ["Accepted by the policy", "  exceptions  2 containers with root, CHOWN: gives a new volume to its user"]);
  assert.ok(renderMarkdown(preview, 3000).length <= 3000);
});

const finding = (resource: string, more: object = {}) => ({ rule: "image-source", level: "mandatory", urn: "urn", resource, value: "ghcr.io/evil/root@sha256:0", allowed: "ghcr.io/acme/…", fix: "take `berth:apps.root.image` out", ...more }) as const;

test("a refusal by the policy, line by line", () => {
  const findings = [finding("RemoteImage root"), finding("Container root-web-0"), finding("Container root-web-0", { rule: "user", value: "root", allowed: "a user id", fix: "name one" })];
  assert.deepEqual(renderFailure({ stack: "prod", message: "in words", findings }).split("\n"), [
    "## Preview of `prod`",
    "",
    "**The policy refuses this change:** 3 findings. Nothing was previewed, and `./berth up` refuses it too.",
    "",
    "### `image-source`",
    "",
    "- `RemoteImage root`: `ghcr.io/evil/root@sha256:0`",
    "- `Container root-web-0`: `ghcr.io/evil/root@sha256:0`",
    "",
    "Allowed: `ghcr.io/acme/…`",
    "",
    "Fix: ``take `berth:apps.root.image` out``",
    "",
    "### `user`",
    "",
    "- `Container root-web-0`: `root`",
    "",
    "Allowed: `a user id`",
    "",
    "Fix: `name one`",
    "",
  ]);
});

test("another failure is its message in a code block", () => {
  const message = "error: \u001B[31mred\u001B[0m\n```\n@acme";
  assert.deepEqual(renderFailure({ stack: "prod", message, findings: [] }).split("\n"), [
    "## Preview of `prod`",
    "",
    "**The preview failed.** What `./berth up` would do is not known.",
    "",
    "````",
    "error:  [31mred [0m",
    "```",
    "@acme",
    "````",
    "",
  ]);
});

/** Text that means something to Markdown, HTML, GitHub or a terminal. */
const hostile = fc.oneof(fc.string({ unit: "grapheme" }), fc.string({ unit: fc.constantFrom("`", "``", "|", "\\", "<!--", "</details>", "\n", "\r", "@acme", "#1", "[a](b)", "*", "_", "~~", "\u001B[31m", "\u202E", " ", "```") }));

/** What Markdown shows as text: code spans out, by the rule of CommonMark 6.1. */
function withoutCode(markdown: string): string {
  let rest = markdown;
  let out = "";
  for (let run = /`+/.exec(rest); run !== null; run = /`+/.exec(rest)) {
    const after = rest.slice(run.index + run[0].length);
    const end = new RegExp(`(?<!\`)${run[0]}(?!\`)`).exec(after);
    out += rest.slice(0, run.index) + (end === null ? run[0] : "");
    rest = end === null ? after : after.slice(end.index + run[0].length);
  }
  return out + rest;
}

test("text from outside is one code span, whatever is in it", () => {
  fc.assert(
    fc.property(hostile, (text) => {
      const span = codeSpan(text);
      assert.ok(!["\n", "\r", "\u001B", "\u202E"].some((sign) => span.includes(sign)));
      assert.equal(withoutCode(`${span}.`), plainLine(text) === "" ? "(empty)." : ".");
      assert.doesNotMatch(codeSpan(text, true), /(?<!\\)\|/);
    }),
    { numRuns: 500 },
  );
});

test("no text from outside stands in a comment but in code, and no fence is closed by what it holds", () => {
  const marked = hostile.map((text) => `${text}Qx7`);
  fc.assert(
    fc.property(fc.array(marked, { minLength: 4, maxLength: 4 }), ([name = "", value = "", subject = "", migration = ""]) => {
      const preview = previewOf(
        facts([replica(0, { envs: [`MODE=${value}`] }), step("replace", "docker:index/remoteImage:RemoteImage", name, { before: { name: `${name}@${digest("a")}` }, after: { name: value }, diff: ["name"], parent: urnOf("berth:index:Application", "shop") })], {
          commits: { shop: { added: [{ hash: "2222222", subject }], removed: [] } },
          migrations: { shop: { added: [{ name: migration, compatible: false, undoable: false, reasons: [subject] }], altered: [{ path: migration, how: "changed" }] } },
        }),
      );
      const [told = "", fold = ""] = renderMarkdown(preview).split("<details><summary>The engine's diff");
      assert.doesNotMatch(withoutCode(told), /Qx7/);
      const [, fence = "", body = ""] = /\n(`{3,})diff\n([\s\S]*)\n\1\n\n<\/details>\n$/.exec(fold) ?? [];
      assert.ok(fence.length >= 3 && body.split("\n").every((line) => !line.includes(fence)), fold);
      assert.ok(!["\u001B", "\u202E", "\r"].some((sign) => renderText(preview).includes(sign)));
    }),
    { numRuns: 200 },
  );
});

test("what does not fit into a comment is cut, said so, and the fold stays whole", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 150 }), fc.integer({ min: 0, max: 400 }), fc.integer({ min: 3000, max: 12_000 }), (resources, length, limit) => {
      const steps = Array.from({ length: resources }, (_, index) => step("replace", "docker:index/volume:Volume", `part${index}-volume`, { before: { name: "x".repeat(length) }, after: { name: "`".repeat(length % 40) }, diff: ["name"] }));
      const markdown = renderMarkdown(previewOf(facts([replica(0, { memory: 1 }), ...steps])), limit);
      assert.ok(markdown.length <= limit, `${markdown.length} of ${limit}`);
      assert.match(markdown, /<\/details>\n$/);
      const whole = renderMarkdown(previewOf(facts([replica(0, { memory: 1 }), ...steps])), Number.MAX_SAFE_INTEGER);
      assert.equal(/more lines do not fit into a comment/.test(markdown), markdown !== whole);
    }),
    { numRuns: 40 },
  );
  assert.ok(commentLimit < 65_536 - 100);
});

test("the raw diff goes into values, cuts what is long and is one line each", () => {
  const [head, ...lines] = rawDiff([step("replace", "t", "a\nb", { before: { list: [1, { k: 1 }], gone: 1, long: "x" }, after: { list: [1, { k: 2 }], long: "y".repeat(999) }, diff: ["list[1].k", "gone", "long"], deleteFirst: true })]);
  assert.equal(head, "! replace t a b, the old one deleted first");
  assert.deepEqual(lines.slice(0, 2), ["!     list[1].k: 1 => 2", "!     gone: 1 => (none)"]);
  assert.match(lines[2] ?? "", /^!     long: "x" => "y{199}… \(1001 characters\)$/);
  assert.deepEqual(rawDiff([step("create", "t", "a", { after: web() })]), ["+ create t a"]);
  assert.equal(fenceFor(["a ```` b"]), "`````");
});

test("a failure is text whatever is in it, and fits into a comment", () => {
  fc.assert(
    fc.property(fc.array(hostile.map((text) => `${text}Qx7`), { minLength: 1, maxLength: 60 }), fc.integer({ min: 600, max: 5000 }), (texts, limit) => {
      const [first = ""] = texts;
      const refused = renderFailure({ stack: "prod", message: "", findings: texts.map((text) => finding(text, { value: first, allowed: text, fix: text })) }, limit);
      const failed = renderFailure({ stack: "prod", message: texts.join("\n"), findings: [] }, limit);
      assert.doesNotMatch(withoutCode(refused), /Qx7/);
      const [, fence = "", body = ""] = /\n(`{3,})\n([\s\S]*)\n\1\n$/.exec(failed) ?? [];
      assert.ok(fence.length >= 3 && body.split("\n").every((line) => !line.includes(fence)), failed);
      for (const text of [refused, failed]) {
        assert.ok(text.length <= limit, `${text.length} of ${limit}`);
        assert.ok(!["\u001B", "\u202E", "\r"].some((sign) => text.includes(sign)));
      }
    }),
    { numRuns: 200 },
  );
});
