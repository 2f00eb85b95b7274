import type Dockerode from "dockerode";
import { sql } from "./restore-aside.ts";
import { table } from "../table.ts";

/** Rows of a table in both servers; undefined where one does not have it. */
export interface RowCount {
  database: string;
  table: string;
  live: number | undefined;
  restored: number | undefined;
}

/** Counts the rows of every table in two servers; `live` is undefined where that server does not run. */
export async function compareRows(docker: Dockerode, live: string | undefined, restored: string): Promise<RowCount[]> {
  const [before, after] = await Promise.all([live === undefined ? new Map<string, number>() : countRows(docker, live), countRows(docker, restored)]);
  return [...new Set([...before.keys(), ...after.keys()])].toSorted().map((key) => {
    const [database = "", name = ""] = key.split("\t");
    return { database, table: name, live: before.get(key), restored: after.get(key) };
  });
}

/** Databases and tables to rows, in one transaction a database. Applications choose the names of tables: none may act as a control character. */
async function countRows(docker: Dockerode, id: string): Promise<Map<string, number>> {
  const databases = await sql(docker, id, "SELECT datname FROM pg_database WHERE datallowconn AND NOT datistemplate ORDER BY 1");
  const counts = new Map<string, number>();
  for (const database of databases.split("\n")) {
    const rows = JSON.parse(await sql(docker, id, countQuery, database)) as [table: string, rows: number][];
    for (const [name, count] of rows) counts.set(`${database}\t${name.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, "\u{fffd}")}`, count);
  }
  return counts;
}

// One statement that works on a read-only server too: query_to_xml runs the count of each table.
const countQuery = `
SELECT coalesce(json_agg(json_build_array(format('%I.%I', schemaname, tablename),
  ((xpath('/row/rows/text()', query_to_xml(format('SELECT count(*) AS rows FROM ONLY %I.%I', schemaname, tablename), false, true, '')))[1]::text)::bigint) ORDER BY schemaname, tablename), '[]')
FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')`;

export function rowTable(counts: readonly RowCount[]): string {
  const rows = counts.map(({ database, table: name, live, restored }) => [database, name, live?.toString() ?? "-", restored?.toString() ?? "-", difference(live, restored)]);
  return table(["DATABASE", "TABLE", "LIVE", "RESTORED", "DIFFERENCE"], rows);
}

function difference(live: number | undefined, restored: number | undefined): string {
  if (live === undefined) return "only restored";
  if (restored === undefined) return "only live";
  return live === restored ? "none" : `${restored > live ? "+" : ""}${restored - live}`;
}
