import assert from "node:assert/strict";
import { existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { describe, test } from "node:test";
import { isTooLarge, readLimits, sizeRows } from "../../../../cli/images/image-sizes.ts";

const root = join(import.meta.dirname, "../../../..");
const folders = globSync("apps/**/app.ts", { cwd: root }).map((file) => relative("apps", dirname(file))).toSorted();

describe("the limits of images", () => {
  test("name every application and no other", () => {
    const limits = JSON.parse(readFileSync(join(root, "config/images.limits.json"), "utf8")) as Record<string, string>;
    assert.deepEqual(Object.keys(limits).toSorted(), [...folders, "others"].toSorted());
    assert.ok(readLimits(root)("deliver") <= 500e6);
    assert.equal(readLimits(root)("a-new-one"), 500e6);
  });

  test("are those that the READMEs state", () => {
    for (const folder of folders) {
      const readme = join(root, "apps", folder, "README.md");
      const stated = existsSync(readme) ? /^Limit: (\d+) MB/m.exec(readFileSync(readme, "utf8"))?.[1] : undefined;
      if (stated !== undefined) assert.equal(Number(stated) * 1e6, readLimits(root)(folder), folder);
    }
  });

  test("are refused where they are no size, or one for the others is missing", (context) => {
    const folder = mkdtempSync(join(tmpdir(), "berth-limits-"));
    context.after(() => rmSync(folder, { recursive: true }));
    mkdirSync(join(folder, "config"));
    const write = (limits: object) => writeFileSync(join(folder, "config/images.limits.json"), JSON.stringify(limits));
    write({ shop: "1GiB", others: "500MB" });
    assert.throws(() => readLimits(folder), /"shop" is "1GiB", which is no size: write it as "250MB"/);
    write({ shop: "90MB" });
    assert.throws(() => readLimits(folder), /has no "others"/);
  });

  test("hold up to the last byte; beyond, the table says by how much", () => {
    const at = { application: "shop", size: 250e6, limit: 250e6 };
    const over = { application: "blog", size: 262_400_000, limit: 250e6 };
    assert.deepEqual([isTooLarge(at), isTooLarge(over)], [false, true]);
    assert.deepEqual(sizeRows([at, over]), [["shop", "250 MB", "250 MB", "ok"], ["blog", "262 MB", "250 MB", "12 MB too much"]]);
  });
});
