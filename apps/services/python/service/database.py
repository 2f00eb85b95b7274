"""A pool of connections that survives the database's absence."""

import asyncio
import re
from collections.abc import Sequence
from typing import Any

import psycopg
from psycopg.rows import dict_row
from psycopg_pool import AsyncConnectionPool

from service import NAME

type Row = dict[str, Any]


class DatabaseUnavailable(Exception):
    """The database can't be reached, or refuses work for now."""


class Database:
    def __init__(self, url: str) -> None:
        self._check: asyncio.Task[bool] | None = None
        self._pool: AsyncConnectionPool[psycopg.AsyncConnection[Row]] = AsyncConnectionPool(
            url,
            open=False,
            min_size=1,
            max_size=10,
            # Seconds: for a free connection, and for tries in the background, after which the next request tries.
            timeout=2,
            reconnect_timeout=2,
            check=AsyncConnectionPool.check_connection,
            kwargs={
                "application_name": NAME,
                "autocommit": True,
                "row_factory": dict_row,
                "client_encoding": "utf8",
                "connect_timeout": 2,
                # Milliseconds: a statement, and an answer that never comes because the host is gone.
                "options": "-c statement_timeout=10000",
                "tcp_user_timeout": 12_000,
            },
        )

    async def open(self) -> None:
        await self._pool.open()

    async def close(self) -> None:
        await self._pool.close()

    async def query(self, text: str, values: Sequence[object] = ()) -> list[Row]:
        """Raises DatabaseUnavailable."""
        try:
            # The server limits statements; this is for a server that is gone without a word.
            async with asyncio.timeout(12), self._pool.connection() as connection:
                return await (await connection.execute(text, values)).fetchall()
        except (psycopg.OperationalError, TimeoutError) as error:
            if isinstance(error, psycopg.Error) and _is_refusal(error):
                raise
            raise DatabaseUnavailable("database unavailable") from error

    async def answers(self) -> bool:
        """Whether it answers within 2 seconds."""
        # The driver takes 10 s to give up a query that nobody answers, so this waits no longer, and lets it run. The
        # checks that come meanwhile wait for the same one: a silent database must not cost a connection a check.
        if self._check is None or self._check.done():
            self._check = asyncio.create_task(self._answered())
        # Of its own: while this one waits, another may find the check done and start the next.
        check = self._check
        done, _ = await asyncio.wait({check}, timeout=2)
        return bool(done) and check.result()

    async def _answered(self) -> bool:
        try:
            await self.query("SELECT 1 AS one")
        except (DatabaseUnavailable, psycopg.Error):
            return False
        return True


def _is_refusal(error: psycopg.Error) -> bool:
    """Whether Postgres took the statement and found it wrong, so that trying again later is no use."""
    # Classes of SQLSTATE: 08 connection, 53 resources, 57 operator's intervention (shutdown, time limit).
    return error.sqlstate is not None and re.match("08|53|57", error.sqlstate) is None
