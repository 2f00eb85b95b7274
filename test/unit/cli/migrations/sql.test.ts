import assert from "node:assert/strict";
import { describe, test } from "node:test";
import * as fc from "fast-check";
import { judged } from "../../../../cli/migrations/migration.ts";
import { judgeSql } from "../../../../cli/migrations/sql.ts";

const judge = (text: string, down?: string) => judged("apps/root/migrations/0003_x.sql", text, down);
const summary = async (text: string) => {
  const { compatible, undoable } = await judge(text);
  return { compatible: compatible.ok, undoable: undoable.ok, reasons: compatible.reasons.map(({ line, text }) => `${line}: ${text}`) };
};

describe("a version that does not know of it goes on working with", () => {
  const additive = [
    "CREATE TABLE t (id int PRIMARY KEY, a text NOT NULL UNIQUE)",
    "ALTER TABLE members ADD COLUMN a text",
    "ALTER TABLE members ADD a text NOT NULL DEFAULT ''",
    "ALTER TABLE members ADD a int NOT NULL DEFAULT 0 CHECK (a BETWEEN 0 AND 9)",
    "ALTER TABLE members ADD a bigint GENERATED ALWAYS AS IDENTITY",
    "ALTER TABLE members ADD a bigserial NOT NULL",
    "ALTER TABLE members ADD a text GENERATED ALWAYS AS (upper(name)) STORED",
    "ALTER TABLE members ADD a bigint REFERENCES teams",
    "ALTER TABLE members ADD a text UNIQUE",
    "ALTER TABLE members ADD a int; ALTER TABLE members ADD CHECK (a > 0); CREATE UNIQUE INDEX ON members (a)",
    "ALTER TABLE members ADD a int, ADD b int; ALTER TABLE members ADD UNIQUE (a, b), ADD FOREIGN KEY (a) REFERENCES teams",
    "ALTER TABLE members ADD a text; UPDATE members SET a = name; ALTER TABLE members ALTER a SET DEFAULT '', ALTER a SET NOT NULL",
    "ALTER TABLE members ALTER name SET DEFAULT ''",
    "ALTER TABLE members VALIDATE CONSTRAINT c",
    "CREATE INDEX CONCURRENTLY i ON members (name)",
    "CREATE TABLE t (a int); INSERT INTO t SELECT id FROM members; ALTER TABLE t ALTER a SET NOT NULL; CREATE UNIQUE INDEX ON t (a); DELETE FROM t; TRUNCATE t",
    "CREATE TABLE s.t AS SELECT 1 AS a; DROP TABLE s.t",
    "CREATE TYPE mood AS ENUM ('a'); CREATE DOMAIN d AS text; CREATE SEQUENCE q; CREATE SCHEMA s; CREATE EXTENSION pg_trgm",
    "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$ DELETE FROM members; SELECT 1 $$; CREATE VIEW v AS SELECT 1",
    "SET LOCAL lock_timeout = '5s'; BEGIN; COMMIT; COMMENT ON TABLE members IS 'DROP TABLE members'",
    "GRANT SELECT ON members TO reader",
    "-- DROP TABLE members;\n/* ALTER TABLE members DROP name */",
    "",
  ];
  for (const text of additive) {
    test(text || "an empty file", async () => assert.deepEqual(await summary(text), { compatible: true, undoable: true, reasons: [] }));
  }
});

describe("a version that does not know of it may fail after", () => {
  const breaking: Record<string, string> = {
    "DROP TABLE members": "1: drops the table members",
    "DROP TABLE IF EXISTS s.members, teams": "1: drops the table s.members|1: drops the table teams",
    "ALTER TABLE members DROP COLUMN name": '1: drops the column "name" of members',
    "ALTER TABLE members RENAME name TO title": '1: renames "name" of members to title',
    "ALTER TABLE members RENAME TO people": "1: renames members to people",
    "ALTER TABLE members ALTER name TYPE varchar(80)": '1: changes the type of "name" of members',
    "ALTER TABLE members ALTER name SET NOT NULL": '1: makes "name" of members NOT NULL',
    "ALTER TABLE members ALTER name DROP NOT NULL": '1: lets "name" of members be NULL, which the version from before may not expect',
    "ALTER TABLE members ALTER name DROP DEFAULT": '1: drops the default of "name" of members',
    "ALTER TABLE members ADD a int NOT NULL": '1: adds the column "a" to members, NOT NULL without a default',
    "ALTER TABLE members ADD a int PRIMARY KEY": '1: adds the column "a" to members as the primary key',
    "ALTER TABLE members ADD a int DEFAULT 1 UNIQUE": '1: adds the column "a" to members, unique and with a default: the second row of the version from before is refused',
    "ALTER TABLE members ADD a int DEFAULT 1 CHECK (a > old)": '1: adds the column "a" to members, with a check of older columns',
    "ALTER TABLE members ADD a text NOT NULL DEFAULT '';\nALTER TABLE members ALTER a DROP DEFAULT": '2: adds "a" of members and leaves it NOT NULL without a default',
    "ALTER TABLE members ADD a text;\nUPDATE members SET a = '';\nALTER TABLE members ALTER a SET NOT NULL": '3: adds "a" of members and leaves it NOT NULL without a default',
    "ALTER TABLE members ADD CONSTRAINT c CHECK (name <> '') NOT VALID": '1: adds the constraint "c" to members: what the version from before writes may be refused',
    "ALTER TABLE members ADD a int DEFAULT 1, ADD UNIQUE (a)": "1: adds the constraint to members: what the version from before writes may be refused",
    "CREATE UNIQUE INDEX ON members (name)": "1: adds a unique index to members: what the version from before writes may be refused",
    "DELETE FROM members": "1: deletes rows of members",
    "TRUNCATE members, teams": "1: empties members|1: empties teams",
    "REVOKE SELECT ON members FROM reader": "1: takes rights away: REVOKE SELECT ON members FROM reader",
    "ALTER TABLE members ENABLE ROW LEVEL SECURITY": "1: turns on row security of members",
    "-- é, ü and 漢字 are of more bytes than letters\n\nCREATE TABLE t (a int);\nALTER TABLE members\n  ADD b text,\n  ADD c int NOT NULL": '6: adds the column "c" to members, NOT NULL without a default',
    "CREATE TABLE IF NOT EXISTS members (a int); DELETE FROM members": "1: deletes rows of members",
  };
  for (const [text, reasons] of Object.entries(breaking)) {
    test(text, async () => {
      const found = await summary(text);
      assert.deepEqual([found.compatible, found.reasons.join("|")], [false, reasons]);
    });
  }
});

describe("nobody can tell from the text of", () => {
  const open = [
    "UPDATE members SET name = ''", "INSERT INTO members VALUES (1)", "DO $$ BEGIN DROP TABLE members; END $$", "SELECT setval('q', 1)",
    "WITH gone AS (DELETE FROM members RETURNING *) SELECT * FROM gone", "CREATE TABLE t (a int); WITH x AS (DELETE FROM members RETURNING 1) INSERT INTO t SELECT 1",
    "CREATE OR REPLACE VIEW v AS SELECT 1", "CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'", "DROP INDEX i",
    "CREATE TRIGGER t BEFORE INSERT ON members FOR EACH ROW EXECUTE FUNCTION f()", "ALTER TYPE mood ADD VALUE 'b'", "SET search_path = other",
    "ALTER TABLE members DROP CONSTRAINT c", "CREATE RULE r AS ON INSERT TO members DO INSTEAD NOTHING", "CALL p()", "ALTER TABLE members ATTACH PARTITION p DEFAULT",
    "CREATE TABLE p PARTITION OF members FOR VALUES IN (1)", "ALTER DATABASE root SET x = 1", "ALTER ROLE root NOLOGIN", "COPY members FROM '/x'", "MERGE INTO members USING x ON true WHEN MATCHED THEN DELETE",
    "ALTER TABLE members RENAME CONSTRAINT a TO b", "ALTER TABL members",
  ];
  for (const text of open) {
    test(text, async () => {
      const { compatible } = await judge(text);
      assert.equal(compatible.ok, false);
      assert.match(compatible.reasons.map(({ text }) => text).join(), /^not known: /);
    });
  }
});

describe("what can be undone", () => {
  test("what is not additive can, where a file beside it says how, unless data is gone", async () => {
    const rename = "ALTER TABLE members RENAME name TO title";
    assert.equal((await judge(rename)).undoable.ok, false);
    assert.equal((await judge(rename, "ALTER TABLE members RENAME title TO name")).undoable.ok, true);
    assert.equal((await judge(rename, "-- nothing yet")).undoable.ok, false);
    const drop = await judge("ALTER TABLE members DROP name", "ALTER TABLE members ADD name text");
    assert.deepEqual(drop.undoable, { ok: false, reasons: [{ line: 1, text: 'drops the column "name" of members; the data in it does not come back' }] });
  });

  test("and what the author has marked", async () => {
    const marked = await judge("-- berth: irreversible because addresses are made lower case\nCREATE TABLE t (a int)");
    assert.deepEqual(marked.undoable, { ok: false, reasons: [], mark: "addresses are made lower case" });
    assert.equal(marked.compatible.ok, true);
  });
});

describe("a mark", () => {
  test("with a reason decides, and what was judged stays to be read", async () => {
    const { compatible, undoable } = await judge("-- berth: backward-compatible because only next_version reads it\nUPDATE members SET name = ''");
    assert.deepEqual(compatible, { ok: true, reasons: [{ line: 2, text: "not known: changes rows of members" }], mark: "only next_version reads it" });
    assert.equal(undoable.ok, true);
  });

  test("of a dropped column does not bring its data back", async () => {
    assert.equal((await judge("-- berth: backward-compatible because unused since 0002\nALTER TABLE members DROP name")).undoable.ok, false);
  });

  test("without a reason, misspelt, or inside a text is none", async () => {
    const wrong = await judge("-- berth: backward-compatible\n-- berth: compatible because so\nDROP TABLE members");
    assert.equal(wrong.compatible.ok, false);
    assert.deepEqual(wrong.compatible.reasons.map(({ line }) => line), [3, 1, 2]);
    assert.match(wrong.compatible.reasons[1]?.text ?? "", /"berth: backward-compatible" is no mark: .*with the reason/);
    const inside = await judge("COMMENT ON TABLE members IS '\n-- berth: backward-compatible because it is only a text\n'; DROP TABLE members");
    assert.equal(inside.compatible.ok, false);
    const unread = await judge("CREATE TABLE t (a int); -- berth: yes");
    assert.equal(unread.compatible.ok, false);
  });
});

/** Statements whose verdict is known, to be put together at random. */
const additiveStatements = ["CREATE TABLE t1 (a int)", "ALTER TABLE members ADD x1 text", "CREATE INDEX ON members (name)", "ALTER TABLE members ADD y1 int DEFAULT 1"];
const breakingStatements = ["DROP TABLE members", "ALTER TABLE members DROP name", "ALTER TABLE members ALTER name TYPE int", "ALTER TABLE members ADD z1 int NOT NULL", "DELETE FROM members"];
const space = fc.constantFrom(" ", "\n", "\t", "\n-- é; DROP TABLE x; '\n", " /* ' $$ */ ");

test("one statement that breaks is found among any others, on its line, whatever stands between", async () => {
  const few = fc.array(fc.constantFrom(...additiveStatements), { maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(few, fc.constantFrom(...breakingStatements), few, fc.array(space, { minLength: 9, maxLength: 9 }), async (before, bad, after, spaces) => {
      const parts = [...before, bad, ...after].map((statement, index) => `${spaces[index] ?? " "}${statement};`);
      const { compatible } = await judge(parts.join(""));
      assert.equal(compatible.ok, false);
      const start = parts.slice(0, before.length).join("").length + (spaces[before.length] ?? " ").length;
      assert.deepEqual(compatible.reasons.map(({ line }) => line), [parts.join("").slice(0, start).split("\n").length]);
    }),
    { numRuns: 100 },
  );
});

test("statements that only add stay compatible together", async () => {
  await fc.assert(
    fc.asyncProperty(fc.shuffledSubarray(additiveStatements), fc.array(space, { minLength: 4, maxLength: 4 }), async (statements, spaces) => {
      const { compatible, undoable } = await judge(statements.map((statement, index) => `${spaces[index]}${statement};`).join(""));
      assert.deepEqual([compatible.ok, undoable.ok], [true, true]);
    }),
  );
});

test("no text at all makes it fail, and what is no SQL is not known", async () => {
  const piece = fc.oneof(fc.string({ unit: "binary" }), fc.constantFrom(...additiveStatements, ...breakingStatements, "$$", "'", "--", "/*", ";", "\n", "\0", "-- berth: backward-compatible because x\n"));
  await fc.assert(
    fc.asyncProperty(fc.array(piece, { maxLength: 8 }), async (pieces) => {
      const text = pieces.join("");
      const { effects } = await judgeSql(text);
      for (const { line } of effects) assert.ok(line >= 1 && line <= text.split("\n").length, `line ${line}`);
    }),
    { numRuns: 200 },
  );
});
