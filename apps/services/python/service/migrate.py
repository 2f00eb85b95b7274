"""Brings the schema up to this image's."""

import time
from pathlib import Path

import psycopg

from service import NAME

FOLDER = Path(__file__).parent.parent / "migrations"
PATIENCE = 30  # seconds for the database to answer

LOCK = 7_306_115
"""Any number that no other program uses in this database."""


def migrate(url: str) -> list[str]:
    """Applies each file of migrations/ once, in the order of the names, each in a transaction of its own.

    Two runs at once wait for each other. Migrations that are not of this image are left alone, so that an older image
    can be deployed again. Returns the names of the files that were applied now.
    """
    with _connect(url) as connection:
        connection.execute("SET lock_timeout = '60s'")
        # Given back at the end of the connection.
        connection.execute("SELECT pg_advisory_lock(%s)", (LOCK,))
        connection.execute(
            "CREATE TABLE IF NOT EXISTS schema_migrations"
            " (name text PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())"
        )
        done = {name for (name,) in connection.execute("SELECT name FROM schema_migrations")}
        files = sorted(file for file in FOLDER.glob("*.sql") if file.name not in done)
        for file in files:
            _apply(connection, file)
    return [file.name for file in files]


def _apply(connection: psycopg.Connection, file: Path) -> None:
    try:
        with connection.transaction():
            connection.execute(file.read_bytes())
            connection.execute("INSERT INTO schema_migrations (name) VALUES (%s)", (file.name,))
    except psycopg.Error as error:
        raise RuntimeError(f"migrations/{file.name}: {error}") from error


def _connect(url: str) -> psycopg.Connection:
    end = time.monotonic() + PATIENCE
    while True:
        try:
            return psycopg.connect(
                url, autocommit=True, connect_timeout=2, application_name=f"{NAME} migrate", client_encoding="utf8"
            )
        except psycopg.OperationalError as error:
            if time.monotonic() > end:
                raise RuntimeError(f"the database does not answer: {error}") from error
        time.sleep(0.5)
