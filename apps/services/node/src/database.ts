import pg from "pg";
import { service } from "./identity.ts";

/** The database can't be reached, or refuses work for now. */
export class DatabaseUnavailable extends Error {}

/** A pool of connections that survives the database's absence. */
export class Database {
  private readonly pool: pg.Pool;

  /** @param onIdleError Told when a connection breaks that nobody uses; the pool makes a new one when it is needed. */
  constructor(url: string, onIdleError: (error: Error) => void) {
    this.pool = new pg.Pool({
      connectionString: url,
      application_name: service,
      max: 10,
      connectionTimeoutMillis: 2000,
      statement_timeout: 10_000,
      // For an answer that never comes because the host is gone.
      query_timeout: 12_000,
      keepAlive: true,
    });
    this.pool.on("error", onIdleError);
  }

  /** @throws DatabaseUnavailable */
  async query<Row extends pg.QueryResultRow>(text: string, values: unknown[] = []): Promise<Row[]> {
    try {
      return (await this.pool.query<Row>(text, values)).rows;
    } catch (error) {
      throw isRefusal(error) ? error : new DatabaseUnavailable("database unavailable", { cause: error });
    }
  }

  /** Whether it answers within 2 seconds. */
  async answers(): Promise<boolean> {
    const late = Promise.withResolvers<boolean>();
    const timer = setTimeout(() => late.resolve(false), 2000);
    const asked = this.pool.query({ text: "SELECT 1", query_timeout: 2000 } as pg.QueryConfig).then(
      () => true,
      () => false,
    );
    return await Promise.race([asked, late.promise]).finally(() => clearTimeout(timer));
  }

  async close(): Promise<void> {
    await this.pool.end();
  }
}

/** Whether Postgres took the statement and found it wrong, so that trying again later is no use. */
function isRefusal(error: unknown): boolean {
  // Classes of SQLSTATE: 08 connection, 53 resources, 57 operator's intervention (shutdown, time limit).
  return error instanceof pg.DatabaseError && !/^(08|53|57)/.test(error.code ?? "08");
}
