import { type DropStmt, hasSqlDetails, type IndexStmt, type Node, parse, type RangeVar, scan } from "libpg-query";
import { messageOf } from "../exit.ts";
import { type Effect, lineAt, type Mark, marksIn } from "./effect.ts";
import { judgeAlterTable, Made, nameOf, shown } from "./sql-table.ts";

type Judgement = ReturnType<typeof judgeAlterTable>[number];

const fine = (what: string): Judgement => ({ what, harm: "none", loses: false });
const breaks = (what: string, loses = false): Judgement => ({ what, harm: "breaks", loses });
const unknown = (what: string): Judgement => ({ what, harm: "unknown", loses: false });

/**
 * Judges a migration in SQL by Postgres's own parser, statement by statement. What the rules do not know of counts as
 * not known, so a new kind of statement is never let through.
 *
 * @example
 * await judgeSql("ALTER TABLE members DROP COLUMN track;");
 * // { effects: [{ line: 1, what: 'drops the column "track" of members', harm: "breaks", loses: true, reversible: false }], mark: { wrong: [] } }
 */
export async function judgeSql(text: string): Promise<{ effects: Effect[]; mark: Mark }> {
  // The parser counts bytes.
  const bytes = Buffer.from(text);
  const lineOf = (offset: number) => lineAt(bytes.subarray(0, offset).toString(), Number.POSITIVE_INFINITY);
  const mark = await marksOf(text);
  const failed = (line: number, what: string): { effects: Effect[]; mark: Mark } => ({ effects: [{ line, ...unknown(what), reversible: false }], mark });
  if (text.includes("\0")) return failed(1, "it is no text");
  try {
    const { stmts = [] } = text.trim() === "" ? {} : await parse(text);
    const made = new Made();
    const effects = stmts.flatMap(({ stmt, stmt_location = 0, stmt_len }) => {
      const words = bytes.subarray(stmt_location, stmt_len === undefined ? undefined : stmt_location + stmt_len).toString().replaceAll(/\s+/g, " ").trim();
      const judgements = stmt === undefined ? [unknown(words)] : judgeStatement(stmt, made, words);
      return judgements.map(({ location, ...judgement }) => ({ line: lineOf(location ?? stmt_location), ...judgement, reversible: false }));
    });
    return { effects, mark };
  } catch (error) {
    const position = hasSqlDetails(error) ? (error.sqlDetails?.cursorPosition ?? 0) : 0;
    return failed(lineAt(text, position), `Postgres's parser refuses it: ${messageOf(error)}`);
  }
}

async function marksOf(text: string): Promise<Mark> {
  if (!text.includes("berth:")) return { wrong: [] };
  const bytes = Buffer.from(text);
  try {
    const comments = (await scan(text)).tokens.filter(({ tokenName }) => tokenName === "SQL_COMMENT");
    return marksIn(
      comments.map(({ start, end }) => ({
        line: lineAt(bytes.subarray(0, start).toString(), Number.POSITIVE_INFINITY),
        text: bytes.subarray(start, end).toString().replace(/^--/, ""),
      })),
    );
  } catch {
    return { wrong: [] }; // what can't be read as SQL has no comments
  }
}

/** Settings of a session that change how long it waits, and nothing else. */
const waits = new Set(["lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout", "transaction_timeout", "client_min_messages"]);

/** Statements that only add, or leave everything as it is. */
const additive = new Set([
  "CreateEnumStmt", "CompositeTypeStmt", "CreateDomainStmt", "CreateRangeStmt", "CreateSeqStmt", "CreateSchemaStmt", "CreateExtensionStmt",
  "CreateStatsStmt", "CommentStmt", "TransactionStmt", "VacuumStmt", "RefreshMatViewStmt",
]);

function judgeStatement(stmt: Node, made: Made, words: string): Judgement[] {
  const said = words.length > 60 ? `${words.slice(0, 59)}…` : words;
  const kind = Object.keys(stmt)[0] ?? "";
  if (additive.has(kind)) return [fine(said)];
  if ("AlterTableStmt" in stmt) return judgeAlterTable(stmt.AlterTableStmt, made);
  if ("CreateStmt" in stmt) {
    const { relation, inhRelations, partbound, if_not_exists } = stmt.CreateStmt;
    if (inhRelations !== undefined || partbound !== undefined) return [unknown(said)];
    if (if_not_exists !== true) made.tables.add(nameOf(relation));
    return [fine(said)];
  }
  if ("CreateTableAsStmt" in stmt) {
    const { into, if_not_exists } = stmt.CreateTableAsStmt;
    if (if_not_exists !== true) made.tables.add(nameOf(into?.rel));
    return [fine(said)];
  }
  if ("IndexStmt" in stmt) return [judgeIndex(stmt.IndexStmt, made)];
  if ("DropStmt" in stmt) return judgeDrop(stmt.DropStmt, made);
  if ("RenameStmt" in stmt) {
    const { relation, subname, renameType, newname = "?" } = stmt.RenameStmt;
    if (made.table(relation)) return [fine(said)];
    const what = `renames ${subname === undefined ? shown(relation) : `"${subname}" of ${shown(relation)}`} to ${newname}`;
    return [renameType === "OBJECT_TABLE" || renameType === "OBJECT_COLUMN" ? breaks(what) : unknown(said)];
  }
  if ("CreateFunctionStmt" in stmt) return [stmt.CreateFunctionStmt.replace === true ? unknown(`may replace a function that is used: ${said}`) : fine(said)];
  if ("ViewStmt" in stmt) return [stmt.ViewStmt.replace === true ? unknown(`may replace a view that is read: ${said}`) : fine(said)];
  if ("CreateTrigStmt" in stmt) return [made.table(stmt.CreateTrigStmt.relation) ? fine(said) : unknown(`runs a trigger when the version from before writes ${shown(stmt.CreateTrigStmt.relation)}`)];
  if ("VariableSetStmt" in stmt) return [waits.has(stmt.VariableSetStmt.name ?? "") ? fine(said) : unknown(said)];
  if ("GrantStmt" in stmt) return [stmt.GrantStmt.is_grant === true ? fine(said) : breaks(`takes rights away: ${said}`)];
  if ("AlterEnumStmt" in stmt) return [unknown(`changes the values of an enum, which the version from before may read: ${said}`)];
  if ("InsertStmt" in stmt) {
    const { relation, withClause } = stmt.InsertStmt;
    return [made.table(relation) && withClause === undefined ? fine(said) : unknown(`adds rows to ${shown(relation)}`)];
  }
  if ("UpdateStmt" in stmt) {
    const { relation, targetList = [], withClause } = stmt.UpdateStmt;
    const news = targetList.every((target) => "ResTarget" in target && made.column(relation, target.ResTarget.name ?? "") !== undefined);
    return [(news || made.table(relation)) && withClause === undefined ? fine(said) : unknown(`changes rows of ${shown(relation)}`)];
  }
  if ("DeleteStmt" in stmt) {
    const { relation, withClause } = stmt.DeleteStmt;
    return [made.table(relation) && withClause === undefined ? fine(said) : breaks(`deletes rows of ${shown(relation)}`, true)];
  }
  if ("TruncateStmt" in stmt) return relationsOf(stmt.TruncateStmt.relations).map((relation) => (made.table(relation) ? fine(said) : breaks(`empties ${shown(relation)}`, true)));
  return [unknown(said)];
}

function judgeIndex({ relation, unique, indexParams = [], nulls_not_distinct }: IndexStmt, made: Made): Judgement {
  const what = `adds ${unique === true ? "a unique index" : "an index"} to ${shown(relation)}`;
  const columns = indexParams.flatMap((node) => ("IndexElem" in node ? [node.IndexElem.name ?? ""] : []));
  const open = made.table(relation) || (nulls_not_distinct !== true && columns.some((column) => made.column(relation, column)?.filled === false));
  return unique !== true || open ? fine(what) : breaks(`${what}: what the version from before writes may be refused`);
}

function judgeDrop({ removeType, objects = [] }: DropStmt, made: Made): Judgement[] {
  const kind = removeType?.replace("OBJECT_", "").replaceAll("_", " ").toLowerCase() ?? "?";
  return objects.map((object) => {
    const names = namesIn(object);
    const what = `drops the ${kind} ${names.join(".")}`;
    const relation = { relname: names.at(-1), ...(names.length > 1 && { schemaname: names.at(-2) }) };
    if (removeType === "OBJECT_TABLE") return made.table(relation) ? fine(what) : breaks(what, true);
    if (removeType === "OBJECT_INDEX") return unknown(`${what}, which an ON CONFLICT may need`);
    if (removeType === "OBJECT_TRIGGER" || removeType === "OBJECT_POLICY") return unknown(what);
    return breaks(what, removeType === "OBJECT_SCHEMA" || removeType === "OBJECT_EXTENSION" || removeType === "OBJECT_SEQUENCE");
  });
}

function relationsOf(nodes: Node[] | undefined): RangeVar[] {
  return (nodes ?? []).flatMap((node) => ("RangeVar" in node ? [node.RangeVar] : []));
}

function namesIn(node: Node): string[] {
  if ("String" in node) return [node.String.sval ?? "?"];
  if ("List" in node) return (node.List.items ?? []).flatMap(namesIn);
  if ("ObjectWithArgs" in node) return (node.ObjectWithArgs.objname ?? []).flatMap(namesIn);
  if ("TypeName" in node) return (node.TypeName.names ?? []).flatMap(namesIn);
  return ["?"];
}
