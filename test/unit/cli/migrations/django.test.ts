import assert from "node:assert/strict";
import { describe, test } from "node:test";
import * as fc from "fast-check";
import { judgeDjango } from "../../../../cli/migrations/django.ts";
import { judged } from "../../../../cli/migrations/migration.ts";

const file = (operations: string) => `from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("people", "0001")]
    operations = [
        ${operations},
    ]
`;
const judge = (operations: string) => judged("apps/profiles/people/migrations/0004_x.py", file(operations));
const field = (arguments_: string) => `migrations.AddField(model_name="person", name="a", field=models.CharField(${arguments_}))`;

describe("a version that does not know of it goes on working with", () => {
  const additive = [
    'migrations.CreateModel(name="Team", fields=[("id", models.BigAutoField(primary_key=True))])',
    'migrations.CreateModel("Team", []), migrations.AddField("Team", "a", models.CharField(max_length=1)), migrations.AlterUniqueTogether("team", {("a",)})',
    field("null=True, max_length=9"), field("null=True, default='x'"), field("db_default=''"), field("unique=True, null=True"),
    'migrations.AddField(model_name="person", name="a", field=models.ManyToManyField(to="x"))',
    'migrations.AddField("person", "a", models.GeneratedField(expression=F("b"), output_field=models.TextField(), db_persist=True))',
    'migrations.AddIndex(model_name="person", index=models.Index(fields=["a"], name="a"))',
    'migrations.AlterModelOptions(name="person", options={"ordering": ["a"]})',
    'django.contrib.postgres.operations.TrigramExtension()',
    'migrations.SeparateDatabaseAndState(state_operations=[migrations.RemoveField("person", "a")])',
    'migrations.RunSQL("CREATE INDEX i ON people_person (name)", migrations.RunSQL.noop)',
    'migrations.RunSQL(["CREATE TABLE " "t (a int)", r"""CREATE INDEX i ON t (a)"""])',
    "migrations.RunSQL(migrations.RunSQL.noop)",
  ];
  for (const operations of additive) {
    test(operations, async () => {
      const { compatible, undoable } = await judge(operations);
      assert.deepEqual([compatible, undoable], [{ ok: true, reasons: [] }, { ok: true, reasons: [] }]);
    });
  }
});

describe("a version that does not know of it may fail after", () => {
  const breaking: [operations: string, reason: RegExp, undoable: boolean][] = [
    ['migrations.RemoveField(model_name="person", name="a")', /^removes the field "a" of person$/, false],
    ['migrations.DeleteModel("Person")', /^deletes the model Person$/, false],
    ['migrations.RenameField(model_name="person", old_name="a", new_name="b")', /^renames the field/, true],
    ['migrations.RenameModel("Person", "Human")', /^renames the model Person$/, true],
    ['migrations.AlterField("person", "a", models.TextField())', /^alters the field "a" of person$/, true],
    ['migrations.AddConstraint(model_name="person", constraint=models.CheckConstraint(condition=Q(a=1), name="c"))', /^adds a constraint to person$/, true],
    [field("max_length=9"), /NOT NULL without a default in the database: give it null=True or db_default=/, true],
    [field("blank=True, default=''"), /its default= is not kept in the database, db_default= is/, true],
    [field("null=False"), /NOT NULL/, true],
    [field("db_default='', unique=True"), /unique and with a default/, true],
    ['migrations.RunSQL("DROP TABLE x")', /^drops the table x$/, false],
    ['migrations.RunSQL("ALTER TABLE x RENAME TO y", "ALTER TABLE y RENAME TO x")', /^renames x to y$/, true],
    ['migrations.SeparateDatabaseAndState(database_operations=[migrations.RemoveField("person", "a")])', /^removes the field/, false],
  ];
  for (const [operations, reason, undoable] of breaking) {
    test(operations, async () => {
      const found = await judge(operations);
      assert.equal(found.compatible.ok, false);
      assert.match(found.compatible.reasons[0]?.text ?? "", reason);
      assert.equal(found.undoable.ok, undoable);
      assert.equal(found.compatible.reasons[0]?.line, 7);
    });
  }
});

describe("nobody can tell from the text of", () => {
  const open: [operations: string, undoable: boolean][] = [
    ["migrations.RunPython(copy)", false], ["migrations.RunPython(copy, migrations.RunPython.noop, elidable=True)", true],
    ["migrations.RunPython(code=copy, reverse_code=None)", false], ["migrations.RunSQL(statement)", false], ['migrations.RunSQL(f"DROP {x}")', false],
    ["migrations.AddField(**arguments)", false], ["own.Operation()", false], ["*more", false],
    ['migrations.AddField("person", "a", own_field)', false], ['migrations.RunSQL(b"SELECT 1")', false], ['migrations.RunSQL("\\x44ROP TABLE x")', false],
    ["[migrations.AddIndex()]", false], ["migrations.AddIndex(*a)", false],
  ];
  for (const [operations, undoable] of open) {
    test(operations, async () => {
      const found = await judge(operations);
      assert.equal(found.compatible.ok, false);
      assert.match(found.compatible.reasons[0]?.text ?? "", /^not known: /);
      assert.equal(found.undoable.ok, undoable);
    });
  }

  test("a file of another shape", async () => {
    for (const text of ["", "x = 1", "class Migration(migrations.Migration):\n    operations = build()\n", "class Migration:\n    operations = [\n", file("migrations.AddIndex(") ]) {
      const { effects } = await judgeDjango(text);
      assert.deepEqual(effects.map(({ harm }) => harm), ["unknown"], text);
    }
    const merge = await judgeDjango("class Migration(migrations.Migration):\n    dependencies = []\n    operations = []\n");
    assert.deepEqual(merge.effects, []);
  });
});

test("a mark is a comment with a reason, and no text that looks like one", async () => {
  const marked = await judge("# berth: backward-compatible because the text stays\n        migrations.RunPython(copy)");
  assert.deepEqual([marked.compatible.ok, marked.compatible.mark], [true, "the text stays"]);
  assert.equal((await judge("# berth: backward-compatible\n        migrations.RunPython(copy)")).compatible.ok, false);
  assert.equal((await judge('own.Operation("""\n# berth: backward-compatible because of nothing\n""")')).compatible.ok, false);
  assert.equal((await judge("# berth: irreversible because of the data\n        migrations.AddIndex()")).undoable.ok, false);
});

test("an operation that breaks is found among any others, on its line", async () => {
  const few = fc.array(fc.constantFrom('migrations.AddIndex("p", i)', field("null=True"), "# migrations.DeleteModel('x')\n        migrations.AlterModelOptions('p', {})"), { maxLength: 5 });
  await fc.assert(
    fc.asyncProperty(few, few, async (before, after) => {
      const parts = [...before, 'migrations.DeleteModel("Person")', ...after];
      const { compatible } = await judge(parts.join(",\n        "));
      const line = 7 + parts.slice(0, before.length).join(",\n").split("\n").length - (before.length === 0 ? 1 : 0);
      assert.deepEqual(compatible.reasons, [{ line, text: "deletes the model Person" }]);
    }),
  );
});

test("no text at all makes it fail", async () => {
  const piece = fc.oneof(fc.string({ unit: "binary" }), fc.constantFrom("class Migration(", "operations = [", "migrations.RunSQL(", '"""', "'", "(", ")", "\n    ", "# berth: x", "\\"));
  await fc.assert(fc.asyncProperty(fc.array(piece, { maxLength: 12 }), async (pieces) => assert.ok((await judgeDjango(pieces.join(""))).effects.every(({ line }) => line >= 1))), { numRuns: 300 });
});
