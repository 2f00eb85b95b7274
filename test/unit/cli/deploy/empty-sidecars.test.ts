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

test("of a stack's sidecars the empty ones go; what they are about, other stacks' and every other file stay", () => {
  const others = { ".pulumi/stacks/berth/prod.json.attrs": "", ".pulumi/stacks/other/dev.json.attrs": "", ".pulumi/history/berth/prod/prod-1.history.json.attrs": "" };
  const kept = { ".pulumi/stacks/berth/dev.json": "{}", ".pulumi/stacks/berth/dev.json.bak.attrs": '{"user.content_type":""}\n', ".pulumi/history/berth/dev/dev-1.history.json": "", "notes.attrs": "", ...others };
  for (const [file, text] of Object.entries(kept)) write(file, text);
  const empty = [".pulumi/backups/berth/dev/dev.1.json.attrs", ".pulumi/history/berth/dev/dev-1.history.json.attrs", ".pulumi/locks/organization/berth/dev/1.json.attrs", ".pulumi/meta.yaml.attrs", ".pulumi/stacks/berth/dev.json.attrs", ".pulumi/stacks/berth/dev.json.gz.attrs"];
  for (const file of empty) write(file, "");
  assert.deepEqual(removeEmptySidecars(`file://${folder}?no_tmp_dir=true`, "berth", "dev"), empty);
  assert.deepEqual(empty.filter((file) => existsSync(join(folder, file))), []);
  assert.deepEqual(Object.keys(kept).filter((file) => !existsSync(join(folder, file))), []);
  assert.deepEqual(removeEmptySidecars(`file://${folder}`, "berth", "dev"), []);
  assert.deepEqual(removeEmptySidecars(`file://${folder}`, "berth", "prod"), Object.keys(others).filter((file) => file.includes("berth/prod")).toSorted());
});

test("a backend that is no folder, or none yet, is left alone", () => {
  for (const url of ["s3://states", "https://api.pulumi.com", `file://${folder}/none`]) assert.deepEqual(removeEmptySidecars(url, "berth", "dev"), []);
});
