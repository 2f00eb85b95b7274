import { type Effect, lineAt, type Mark, marksIn } from "./effect.ts";
import { type Expression, readPython } from "./python.ts";
import { judgeSql } from "./sql.ts";

type Call = Extract<Expression, { kind: "call" }>;
type Judgement = Omit<Effect, "line">;

const fine = (what: string): Judgement => ({ what, harm: "none", loses: false, reversible: true });
const breaks = (what: string, loses = false): Judgement => ({ what, harm: "breaks", loses, reversible: true });
const unknown = (what: string, reversible = false): Judgement => ({ what, harm: "unknown", loses: false, reversible });

/** Operations that only add, or change what Django knows and not the database. */
const additive = new Set([
  "CreateModel", "AddIndex", "AddIndexConcurrently", "RenameIndex", "AlterModelOptions", "AlterModelManagers", "AlterModelTableComment",
  "ValidateConstraint", "CreateExtension", "BloomExtension", "BtreeGinExtension", "BtreeGistExtension", "CITextExtension", "CryptoExtension",
  "HStoreExtension", "TrigramExtension", "UnaccentExtension", "CreateCollation",
]);

/** Operations after which the version from before may fail; the second is whether data is gone. */
const breaking: Record<string, [what: string, loses: boolean]> = {
  RemoveField: ["removes the field", true],
  DeleteModel: ["deletes the model", true],
  RenameField: ["renames the field", false],
  RenameModel: ["renames the model", false],
  AlterField: ["alters the field", false],
  AlterModelTable: ["renames the table of", false],
  AlterUniqueTogether: ["changes what is unique in", false],
  AlterOrderWithRespectTo: ["changes the order of", false],
  AddConstraint: ["adds a constraint to", false],
  AddConstraintNotValid: ["adds a constraint to", false],
};

/**
 * Judges a Django migration by its operations, read and not run. What is not among the rules counts as not known.
 *
 * A field with `default=` and not NULL breaks: Django drops the default in the database as soon as the rows are filled,
 * so rows of the version from before are refused. `db_default=` stays.
 */
export async function judgeDjango(text: string): Promise<{ effects: Effect[]; mark: Mark }> {
  const { comments, migration, error } = readPython(text);
  const mark = marksIn(comments.map(({ offset, text: comment }) => ({ line: lineAt(text, offset), text: comment })));
  const failed = (line: number, what: string) => ({ effects: [{ line, ...unknown(what) }], mark });
  if (error !== undefined) return failed(lineAt(text, error), "it is no Python that can be read");
  if (migration === undefined) return failed(1, "it has no class Migration");
  const operations = migration.get("operations");
  if (operations === undefined) return { effects: [], mark };
  const effects = await judgeList(operations, text, new Set());
  return { effects, mark };
}

async function judgeList(operations: Expression, text: string, made: Set<string>): Promise<Effect[]> {
  const line = lineAt(text, operations.offset);
  if (operations.kind !== "list") return [{ line, ...unknown("its operations are not written out as a list") }];
  const effects: Effect[] = [];
  for (const operation of operations.items) {
    const at = lineAt(text, operation.offset);
    if (operation.kind !== "call") effects.push({ line: at, ...unknown("an operation that is not written out") });
    else if (operation.name === "SeparateDatabaseAndState") {
      const inDatabase = operation.named.get("database_operations") ?? operation.args[0];
      if (operation.spread) effects.push({ line: at, ...unknown(operation.name) });
      else if (inDatabase !== undefined) effects.push(...(await judgeList(inDatabase, text, made)));
    } else if (operation.name === "RunSQL") effects.push(...(await judgeRunSql(operation, text)));
    else effects.push({ line: at, ...judgeOperation(operation, made) });
  }
  return effects;
}

function judgeOperation(operation: Call, made: Set<string>): Judgement {
  const { name, args, named, spread } = operation;
  if (spread) return unknown(`${name} with arguments that are not written out`);
  if (name === "RunPython") return judgeRunPython(operation);
  const model = textOf(named.get("model_name") ?? (name.endsWith("Model") ? (named.get("name") ?? args[0]) : args[0]));
  const field = textOf(named.get("name") ?? args[1]);
  if (name === "CreateModel") made.add(model.toLowerCase());
  const what = `${name} ${model}`;
  if (additive.has(name) || (made.has(model.toLowerCase()) && (name in breaking || name === "AddField"))) return fine(what);
  if (name === "AddField") return judgeField(`adds the field "${field}" to ${model}`, named.get("field") ?? args[2]);
  const known = breaking[name];
  if (known === undefined) return unknown(what);
  const [verb, loses] = known;
  return breaks(verb.endsWith("field") ? `${verb} "${field}" of ${model}` : `${verb} ${model}`, loses);
}

function judgeField(what: string, field: Expression | undefined): Judgement {
  if (field?.kind !== "call" || field.spread) return unknown(what);
  const is = (name: string, value: string) => {
    const found = field.named.get(name);
    return found?.kind === "other" && found.text === value;
  };
  if (field.name === "ManyToManyField" || field.name === "GeneratedField" || is("null", "True")) return fine(what);
  const unique = is("unique", "True") || field.name === "OneToOneField";
  if (field.named.has("db_default")) return unique ? breaks(`${what}, unique and with a default: the second row of the version from before is refused`) : fine(what);
  const why = field.named.has("default") ? "its default= is not kept in the database, db_default= is" : "give it null=True or db_default=";
  return breaks(`${what}, NOT NULL without a default in the database: ${why}`);
}

function judgeRunPython({ args, named }: Call): Judgement {
  const reverse = named.get("reverse_code") ?? (args[1]?.kind === "other" ? args[1] : undefined);
  return unknown("runs Python on the data", reverse !== undefined && !(reverse.kind === "other" && reverse.text === "None"));
}

async function judgeRunSql({ args, named, spread, offset }: Call, text: string): Promise<Effect[]> {
  const forward = named.get("sql") ?? args[0];
  const reverse = named.get("reverse_sql") ?? args[1];
  const reversible = reverse !== undefined && !(reverse.kind === "other" && reverse.text === "None");
  const line = lineAt(text, offset);
  if (forward?.kind === "other" && forward.text.endsWith("RunSQL.noop")) return [];
  const statements = forward?.kind === "list" ? forward.items : [forward];
  const effects: Effect[] = [];
  for (const statement of statements) {
    if (spread || statement?.kind !== "text") effects.push({ line, ...unknown("runs SQL that is not written out", reversible) });
    else {
      const start = lineAt(text, statement.offset) - 1;
      const judged = (await judgeSql(statement.value)).effects;
      effects.push(...judged.map((effect) => ({ ...effect, line: start + effect.line, reversible })));
    }
  }
  return effects;
}

function textOf(expression: Expression | undefined): string {
  return expression?.kind === "text" ? expression.value : "?";
}
