import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import { removeEmptySidecars } from "../../../../cli/deploy/empty-sidecars.ts";

const folder = mkdtempSync(join(tmpdir(), "berth-sidecars-"));
after(() => rmSync(folder, { recursive: true }));
const write = (file: string, text: string) => {
  mkdirSync(dirname(join(folder, file)), { recursive: true });
  writeFileSync(join(folder, file), text);
};

test("of a folder's sidecars the empty ones go; what they are about, and every other file, stays", () => {
  const kept = { ".pulumi/stacks/berth/dev.json": "{}", ".pulumi/stacks/berth/dev.json.bak.attrs": '{"user.content_type":""}\n', ".pulumi/history/berth/dev/dev-1.history.json": "", "notes.attrs": "" };
  for (const [file, text] of Object.entries(kept)) write(file, text);
  const empty = [".pulumi/history/berth/dev/dev-1.history.json.attrs", ".pulumi/stacks/berth/dev.json.attrs"];
  for (const file of empty) write(file, "");
  assert.deepEqual(removeEmptySidecars(`file://${folder}?no_tmp_dir=true`), empty);
  assert.deepEqual(empty.filter((file) => existsSync(join(folder, file))), []);
  assert.deepEqual(Object.keys(kept).filter((file) => !existsSync(join(folder, file))), []);
  assert.deepEqual(removeEmptySidecars(`file://${folder}`), []);
});

test("a backend that is no folder, or none yet, is left alone", () => {
  for (const url of ["s3://states", "https://api.pulumi.com", `file://${folder}/none`]) assert.deepEqual(removeEmptySidecars(url), []);
});
