"""The notes in the database. Every method raises DatabaseUnavailable when it is away."""

from typing import TypedDict, cast

from service.database import Database, Row

_COLUMNS = "id, title, body, created_at"


class Note(TypedDict):
    id: int
    title: str
    body: str
    createdAt: str


class Notes:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, title: str, body: str) -> Note:
        sql = f"INSERT INTO notes (title, body) VALUES (%s, %s) RETURNING {_COLUMNS}"
        return _note((await self._database.query(sql, (title, body)))[0])

    async def list(self, limit: int, before: int | None) -> list[Note]:
        """The newest first, at most `limit`, only those with an id below `before`."""
        sql = f"SELECT {_COLUMNS} FROM notes WHERE %s::bigint IS NULL OR id < %s ORDER BY id DESC LIMIT %s"
        return [_note(row) for row in await self._database.query(sql, (before, before, limit))]

    async def find(self, id: int) -> Note | None:
        rows = await self._database.query(f"SELECT {_COLUMNS} FROM notes WHERE id = %s", (id,))
        return _note(rows[0]) if rows else None

    async def remove(self, id: int) -> bool:
        """Whether it was there."""
        return bool(await self._database.query("DELETE FROM notes WHERE id = %s RETURNING id", (id,)))


def _note(row: Row) -> Note:
    fields = {**row, "createdAt": row["created_at"].isoformat(timespec="milliseconds")}
    del fields["created_at"]
    return cast(Note, fields)
