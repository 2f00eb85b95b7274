"""Opening the SQLite database, and the lock that keeps a restore away from those who use it."""

import fcntl
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deliver import journal, schema
from deliver.problem import Problem
from deliver.settings import Storage

# How long a statement waits for another process's write. In seconds.
BUSY_TIMEOUT = 5.0


class DatabaseError(Problem):
    """The database is missing, in use or broken."""


def connect(path: Path, mode: str) -> sqlite3.Connection:
    """In autocommit: transactions are begun by `transaction`. `mode` is SQLite's: ro, rw or rwc."""
    connection = sqlite3.connect(
        f"{path.as_uri()}?mode={mode}", uri=True, timeout=BUSY_TIMEOUT, isolation_level=None, check_same_thread=False
    )
    connection.row_factory = sqlite3.Row
    connection.execute("PRAGMA foreign_keys = ON")
    return connection


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Takes the write lock at once: one that first reads could not wait for another's write."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


@contextmanager
def lock(path: Path, alone: bool, refusal: str) -> Iterator[None]:
    """Held by the file's open descriptor, so it ends with the process, however that ends."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        try:
            fcntl.flock(file, (fcntl.LOCK_EX if alone else fcntl.LOCK_SH) | fcntl.LOCK_NB)
        except OSError as error:
            raise DatabaseError(refusal) from error
        yield


@contextmanager
def opened(storage: Storage) -> Iterator[sqlite3.Connection]:
    """For writing; makes the database and brings its schema up to date."""
    with lock(storage.data / "deliver.lock", alone=False, refusal="a restore is running; fix: try again after it"):
        connection = connect(storage.database, "rwc")
        try:
            # Commits reach the disk before they are acknowledged: a post said to be delivered stays so.
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            if applied := schema.migrate(connection):
                journal.info("schema migrated", applied=applied, version=len(schema.STEPS))
            if (found := schema.version(connection)) > len(schema.STEPS):
                journal.warning("the database is of a newer release", version=found, known=len(schema.STEPS))
            yield connection
        finally:
            connection.close()


@contextmanager
def existing(storage: Storage, mode: str = "rw") -> Iterator[sqlite3.Connection]:
    """For commands that only look, so that none of them makes an empty database."""
    if not storage.database.is_file():
        raise DatabaseError(
            f"{storage.database} does not exist; fix: start `deliver monitor start`, or `deliver restore`"
        )
    connection = connect(storage.database, mode)
    try:
        yield connection
    finally:
        connection.close()
