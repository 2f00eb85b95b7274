import type { Database } from "./database.ts";

export interface Note {
  id: number;
  title: string;
  body: string;
  createdAt: string;
}

interface Row {
  id: string;
  title: string;
  body: string;
  created_at: Date;
}

const columns = "id, title, body, created_at";

/** The notes in the database. Every method throws DatabaseUnavailable when it is away. */
export class Notes {
  private readonly database: Database;

  constructor(database: Database) {
    this.database = database;
  }

  async add(title: string, body: string): Promise<Note> {
    const rows = await this.database.query<Row>(`INSERT INTO notes (title, body) VALUES ($1, $2) RETURNING ${columns}`, [title, body]);
    return noteOf(rows[0] as Row);
  }

  /** The newest first, at most `limit`, only those with an id below `before`. */
  async list(limit: number, before: string | undefined): Promise<Note[]> {
    const sql = `SELECT ${columns} FROM notes WHERE $2::bigint IS NULL OR id < $2 ORDER BY id DESC LIMIT $1`;
    return (await this.database.query<Row>(sql, [limit, before ?? null])).map(noteOf);
  }

  async find(id: string): Promise<Note | undefined> {
    const rows = await this.database.query<Row>(`SELECT ${columns} FROM notes WHERE id = $1`, [id]);
    return rows[0] && noteOf(rows[0]);
  }

  /** Whether it was there. */
  async remove(id: string): Promise<boolean> {
    return (await this.database.query("DELETE FROM notes WHERE id = $1 RETURNING id", [id])).length > 0;
  }
}

function noteOf(row: Row): Note {
  return { id: Number(row.id), title: row.title, body: row.body, createdAt: row.created_at.toISOString() };
}
