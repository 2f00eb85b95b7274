import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { hasMigrations, isMigration, migrationsBetween } from "../../../../cli/migrations/between.ts";

let checkout = "";
let first = "";
let second = "";
const git = (...args: string[]) => execFileSync("git", ["-C", checkout, "-c", "user.name=Ada", "-c", "user.email=ada@example.com", ...args], { encoding: "utf8" }).trim();
const write = (path: string, text: string) => {
  mkdirSync(dirname(join(checkout, path)), { recursive: true });
  writeFileSync(join(checkout, path), text);
};
const commit = () => {
  git("add", "-A");
  git("commit", "-qm", "x");
  return git("rev-parse", "HEAD");
};

before(() => {
  checkout = mkdtempSync(join(tmpdir(), "berth-migrations-"));
  git("init", "-q", "-b", "main");
  write("apps/root/migrations/0001_a.sql", "CREATE TABLE a (id int);\n");
  write("apps/root/migrations/0002_b.sql", "CREATE TABLE b (id int);\n");
  write("apps/root/migrations/0002_b.down.sql", "DROP TABLE b;\n");
  write("apps/other/migrations/0001_a.sql", "CREATE TABLE a (id int);\n");
  first = commit();
  write("apps/root/migrations/0010_c.sql", "ALTER TABLE a RENAME id TO key;\n");
  write("apps/root/migrations/0010_c.down.sql", "ALTER TABLE a RENAME key TO id;\n");
  write("apps/root/migrations/0009_é and space.sql", "CREATE TABLE c (id int);\n");
  write("apps/root/people/migrations/0001_p.py", "class Migration:\n    operations = []\n");
  write("apps/root/people/migrations/__init__.py", "");
  write("apps/root/migrations/0001_a.sql", "CREATE TABLE a (id bigint);\n");
  rmSync(join(checkout, "apps/root/migrations/0002_b.sql"));
  write("apps/root/src/main.rs", "fn main() {}\n");
  second = commit();
  write("apps/root/migrations/0011_d.sql", "DROP TABLE a;\n");
});
after(() => rmSync(checkout, { recursive: true }));

const between = async (from: string | undefined, to?: string, folder = "apps/root") => {
  const { added, altered } = await migrationsBetween({ checkout, folder, from, ...(to !== undefined && { to }) });
  return { added: added.map(({ name }) => name), altered };
};

test("those that were added between two commits, in their order; what was changed or removed on its own", async () => {
  assert.deepEqual(await between(first, second), {
    added: ["0009_é and space.sql", "0010_c.sql", "0001_p.py"],
    altered: [{ path: "apps/root/migrations/0001_a.sql", how: "changed" }, { path: "apps/root/migrations/0002_b.sql", how: "removed" }],
  });
  assert.deepEqual(await between(second, second), { added: [], altered: [] });
  assert.deepEqual(await between(first, second, "apps/other"), { added: [], altered: [] });
  assert.deepEqual((await between(second, first)).added, ["0002_b.sql"]);
});

test("the work tree has those that nobody has committed, or added to the index, too", async () => {
  assert.deepEqual(await between(second), { added: ["0011_d.sql"], altered: [] });
  git("add", "-A");
  assert.deepEqual(await between(second), { added: ["0011_d.sql"], altered: [] });
  git("reset", "-q");
});

test("without a commit that runs all are new", async () => {
  assert.deepEqual((await between(undefined, first)).added, ["0001_a.sql", "0002_b.sql"]);
  assert.deepEqual((await between(undefined)).added.length, 5);
});

test("what undoes a migration is read from beside it, of the same commit", async () => {
  const { added } = await migrationsBetween({ checkout, folder: "apps/root", from: first, to: second });
  assert.deepEqual(added.map(({ compatible, undoable }) => [compatible.ok, undoable.ok]), [[true, true], [false, true], [true, true]]);
  assert.equal(added[1]?.text, "ALTER TABLE a RENAME id TO key;\n");
});

test("a project in a folder of its repository", async () => {
  const { added } = await migrationsBetween({ checkout: join(checkout, "apps"), folder: "root", from: first, to: second });
  assert.deepEqual(added.map(({ path }) => path), ["root/migrations/0009_é and space.sql", "root/migrations/0010_c.sql", "root/people/migrations/0001_p.py"]);
});

test("a commit that is not in this clone is an error that says how to get it", async () => {
  await assert.rejects(between("0123456789012345678901234567890123456789"), /is not in this clone.*git fetch/);
  await assert.rejects(between(first, "--output=x"), /is not in this clone/);
});

test("what is a migration, by its path", () => {
  const paths = ["migrations/1.sql", "a/migrations/1.up.sql", "a/migrations/1.py", "a/migrations/__init__.py", "a/migrations/1.down.sql", "a/migrate.py", "a/migrations/x/y.py", "a/migrations/README.md", "my_migrations/1.sql"];
  assert.deepEqual(paths.filter(isMigration), paths.slice(0, 3));
});

test("an application has migrations where its folder has some: not those of its packages, nor only what undoes one", () => {
  write("apps/packages/node_modules/orm/migrations/1.sql", "");
  write("apps/packages/migrations/1.down.sql", "");
  const has = ["root", "other", "packages", "none"].filter((app) => hasMigrations(checkout, `apps/${app}`));
  assert.deepEqual(has, ["root", "other"]);
});
