import type { AlterTableCmd, AlterTableStmt, ColumnDef, Constraint, Node, RangeVar } from "libpg-query";
import type { Effect } from "./effect.ts";

/** A column that this file adds: rows of a version that does not know of it get its default, or NULL. */
interface NewColumn {
  filled: boolean;
  required: boolean;
}

/** What this file has made so far: no other version knows of it, so nothing done to it can break one. */
export class Made {
  readonly tables = new Set<string>();
  readonly #columns = new Map<string, NewColumn>();

  table(relation: RangeVar | undefined): boolean {
    return this.tables.has(nameOf(relation));
  }

  addColumn(relation: RangeVar | undefined, name: string, column: NewColumn): void {
    this.#columns.set(`${nameOf(relation)}.${name}`, column);
  }

  column(relation: RangeVar | undefined, name: string): NewColumn | undefined {
    return this.#columns.get(`${nameOf(relation)}.${name}`);
  }
}

export function nameOf(relation: RangeVar | undefined): string {
  return `${relation?.schemaname ?? "public"}.${relation?.relname ?? "?"}`;
}

/** As people write it: the schema only where it is named. */
export function shown(relation: RangeVar | undefined): string {
  return `${relation?.schemaname === undefined ? "" : `${relation.schemaname}.`}${relation?.relname ?? "?"}`;
}

type Judgement = Omit<Effect, "line" | "reversible"> & { location?: number };

const fine = (what: string): Judgement => ({ what, harm: "none", loses: false });
const breaks = (what: string, loses = false): Judgement => ({ what, harm: "breaks", loses });
const unknown = (what: string): Judgement => ({ what, harm: "unknown", loses: false });

/** Commands that change neither what is read nor what can be written. */
const harmless = new Set([
  "AT_ValidateConstraint", "AT_SetStatistics", "AT_SetOptions", "AT_ResetOptions", "AT_SetStorage", "AT_SetCompression", "AT_ClusterOn",
  "AT_DropCluster", "AT_SetLogged", "AT_SetUnLogged", "AT_SetTableSpace", "AT_SetAccessMethod", "AT_SetRelOptions", "AT_ResetRelOptions",
  "AT_ReplicaIdentity", "AT_DisableRowSecurity", "AT_NoForceRowSecurity", "AT_AddIdentity",
]);

/** What each command of an ALTER TABLE does to a version that does not know of it. */
export function judgeAlterTable({ relation, cmds = [], objtype }: AlterTableStmt, made: Made): Judgement[] {
  const table = shown(relation);
  if (objtype !== "OBJECT_TABLE") return [unknown(`alters ${table}`)];
  return cmds.map((node) => {
    const command = "AlterTableCmd" in node ? node.AlterTableCmd : {};
    const { subtype, name = "?", def } = command;
    const column = def !== undefined && "ColumnDef" in def ? def.ColumnDef : undefined;
    const constraint = def !== undefined && "Constraint" in def ? def.Constraint : undefined;
    const location = column?.location ?? constraint?.location;
    const at = (judgement: Judgement): Judgement => ({ ...judgement, ...(location !== undefined && { location }) });
    if (subtype === "AT_AddColumn" && column !== undefined) return at(judgeColumn(relation, column, made));
    if (made.table(relation)) return at(fine(`alters ${table}, which is new`));
    const added = made.column(relation, name);
    if (added !== undefined) return judgeNewColumn(command, added, `"${name}" of ${table}`);
    if (subtype === "AT_AddConstraint" && constraint !== undefined) return at(judgeConstraint(relation, constraint, made));
    if (subtype !== undefined && harmless.has(subtype)) return fine(`alters ${table}`);
    switch (subtype) {
      case "AT_DropColumn":
        return breaks(`drops the column "${name}" of ${table}`, true);
      case "AT_AlterColumnType":
        return at(breaks(`changes the type of "${name}" of ${table}`));
      case "AT_SetNotNull":
        return breaks(`makes "${name}" of ${table} NOT NULL`);
      case "AT_DropNotNull":
        return breaks(`lets "${name}" of ${table} be NULL, which the version from before may not expect`);
      case "AT_ColumnDefault":
        return def === undefined ? breaks(`drops the default of "${name}" of ${table}`) : fine(`sets a default of "${name}"`);
      case "AT_DropConstraint":
        return unknown(`drops the constraint "${name}" of ${table}, which an ON CONFLICT may need`);
      case "AT_DropIdentity":
        return breaks(`drops the identity of "${name}" of ${table}`);
      case "AT_EnableRowSecurity":
      case "AT_ForceRowSecurity":
        return breaks(`turns on row security of ${table}`);
      case "AT_ChangeOwner":
        return breaks(`gives ${table} to another owner`);
      default:
        return unknown(`alters ${table} (${subtype?.replace("AT_", "") ?? "?"})`);
    }
  });
}

/** A later command on a column that this file adds: what counts is whether rows without it are taken. */
function judgeNewColumn({ subtype, def }: AlterTableCmd, column: NewColumn, what: string): Judgement {
  if (subtype === "AT_SetNotNull") column.required = true;
  if (subtype === "AT_DropNotNull") column.required = false;
  if (subtype === "AT_ColumnDefault") column.filled = def !== undefined;
  if (subtype === "AT_DropIdentity" || subtype === "AT_DropExpression") column.filled = false;
  return column.required && !column.filled ? breaks(`adds ${what} and leaves it NOT NULL without a default`) : fine(`alters ${what}, which is new`);
}

function judgeColumn(relation: RangeVar | undefined, column: ColumnDef, made: Made): Judgement {
  const { colname = "?", typeName } = column;
  const constraints = (column.constraints ?? []).flatMap((node) => ("Constraint" in node ? [node.Constraint] : []));
  const has = (type: Constraint["contype"]) => constraints.some(({ contype }) => contype === type);
  const lastName = typeName?.names?.at(-1);
  const type = lastName !== undefined && "String" in lastName ? (lastName.String.sval ?? "") : "";
  const computed = has("CONSTR_GENERATED") || has("CONSTR_IDENTITY") || /^(small|big)?serial\d?$/.test(type);
  const filled = computed || has("CONSTR_DEFAULT");
  const required = column.is_not_null === true || has("CONSTR_NOTNULL");
  made.addColumn(relation, colname, { filled, required });
  const what = `adds the column "${colname}" to ${shown(relation)}`;
  if (made.table(relation)) return fine(what);
  if (has("CONSTR_PRIMARY")) return breaks(`${what} as the primary key`);
  if (required && !filled) return breaks(`${what}, NOT NULL without a default`);
  if (has("CONSTR_UNIQUE") && filled && !computed) return breaks(`${what}, unique and with a default: the second row of the version from before is refused`);
  const checks = constraints.filter(({ contype }) => contype === "CONSTR_CHECK");
  if (filled && !checks.every(({ raw_expr }) => onlyNew(raw_expr, relation, made))) return breaks(`${what}, with a check of older columns`);
  return fine(what);
}

function judgeConstraint(relation: RangeVar | undefined, constraint: Constraint, made: Made): Judgement {
  const { contype, conname, keys = [], fk_attrs = [], raw_expr } = constraint;
  const what = `adds the constraint ${conname === undefined ? "" : `"${conname}" `}to ${shown(relation)}`;
  const refused = `${what}: what the version from before writes may be refused`;
  const anyEmpty = (columns: Node[]) => columns.some((node) => "String" in node && made.column(relation, node.String.sval ?? "")?.filled === false);
  if (contype === "CONSTR_CHECK") return onlyNew(raw_expr, relation, made) ? fine(what) : breaks(refused);
  if (contype === "CONSTR_UNIQUE") return anyEmpty(keys) && constraint.nulls_not_distinct !== true ? fine(what) : breaks(refused);
  if (contype === "CONSTR_FOREIGN") return anyEmpty(fk_attrs) && constraint.fk_matchtype !== "f" ? fine(what) : breaks(refused);
  return breaks(refused);
}

/** Whether an expression speaks of new columns alone. */
function onlyNew(expression: Node | undefined, relation: RangeVar | undefined, made: Made): boolean {
  const columns = columnsIn(expression);
  return columns.length > 0 && columns.every((column) => made.column(relation, column) !== undefined);
}

function columnsIn(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(columnsIn);
  if (typeof value !== "object" || value === null) return [];
  if ("ColumnRef" in value) {
    const last = (value.ColumnRef as { fields?: Node[] }).fields?.at(-1);
    return [last !== undefined && "String" in last ? (last.String.sval ?? "*") : "*"];
  }
  return Object.values(value).flatMap(columnsIn);
}
