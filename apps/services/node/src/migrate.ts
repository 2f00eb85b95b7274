import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { service } from "./identity.ts";

const folder = join(import.meta.dirname, "../migrations");
const patience = 30_000; // milliseconds for the database to answer

/** Any number that no other program uses in this database. */
const lock = 7_306_115;

/**
 * Brings the schema up to this image's: each file of migrations/ once, in the order of the names, each in a
 * transaction of its own. Two runs at once wait for each other. Migrations that are not of this image are left alone,
 * so that an older image can be deployed again.
 *
 * @returns the names of the files that were applied now.
 */
export async function migrate(url: string): Promise<string[]> {
  const client = await connect(url);
  try {
    await client.query("SET lock_timeout = '60s'");
    await client.query("SELECT pg_advisory_lock($1)", [lock]);
    await client.query("CREATE TABLE IF NOT EXISTS schema_migrations (name text PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())");
    const { rows } = await client.query<{ name: string }>("SELECT name FROM schema_migrations");
    const done = new Set(rows.map((row) => row.name));
    const files = readdirSync(folder).filter((file) => file.endsWith(".sql") && !done.has(file));
    for (const file of files.sort()) await apply(client, file);
    return files;
  } finally {
    // Gives the lock back too.
    await client.end();
  }
}

async function apply(client: pg.Client, file: string): Promise<void> {
  try {
    await client.query("BEGIN");
    await client.query(readFileSync(join(folder, file), "utf8"));
    await client.query("INSERT INTO schema_migrations (name) VALUES ($1)", [file]);
    await client.query("COMMIT");
  } catch (error) {
    throw new Error(`migrations/${file}: ${(error as Error).message}`, { cause: error });
  }
}

async function connect(url: string): Promise<pg.Client> {
  for (const end = Date.now() + patience; ; await sleep(500)) {
    const client = new pg.Client({ connectionString: url, application_name: `${service} migrate`, connectionTimeoutMillis: 2000 });
    try {
      await client.connect();
      return client;
    } catch (error) {
      await client.end().catch(() => undefined);
      if (Date.now() > end) throw new Error(`the database does not answer: ${(error as Error).message || String(error)}`, { cause: error });
    }
  }
}
