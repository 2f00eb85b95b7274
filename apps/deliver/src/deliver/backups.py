"""Backups of the database: made, kept, checked and restored.

A backup is a file `deliver-<time>.db` with its manifest `deliver-<time>.json` beside it: size, SHA-256, schema and
counts. SQLite has no checksums of its own, so only the manifest tells a changed byte within a text. The manifest gets
its name first, so a backup that has its final name is whole.
"""

import hashlib
import json
import os
import re
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from deliver import heartbeat, journal, schema
from deliver.database import DatabaseError, connect, existing, lock
from deliver.problem import Problem
from deliver.settings import Storage

TABLES = ("feeds", "posts", "deliveries", "services")
NAME = re.compile(r"deliver-(\d{8}T\d{6}Z)\.db")
BUSY = "another backup, verify or restore is running; fix: wait for its end"
TIME = "%Y%m%dT%H%M%SZ"


class BackupError(Problem):
    """The backup could not be made, or is not what it should be."""


@dataclass(frozen=True)
class Manifest:
    bytes: int
    sha256: str
    schema: int
    counts: dict[str, int]


@dataclass(frozen=True)
class Backup:
    path: Path
    # Seconds since 1970, as the name says.
    made_at: float

    @property
    def manifest(self) -> Path:
        return self.path.with_suffix(".json")


def every(storage: Storage) -> list[Backup]:
    """The newest first. Files with other names are none of ours, and never touched."""
    found = []
    for path in storage.backups.glob("deliver-*.db"):
        if match := NAME.fullmatch(path.name):
            made = datetime.strptime(match[1], TIME).replace(tzinfo=UTC)
            found.append(Backup(path, made.timestamp()))
    return sorted(found, key=lambda backup: backup.made_at, reverse=True)


def newest(storage: Storage) -> Backup | None:
    return next(iter(every(storage)), None)


def make(storage: Storage, keep: int) -> Backup:
    """Raises Problem, sqlite3.Error or OSError; then nothing has a final name and no older backup is removed."""
    with lock(storage.backups / ".lock", alone=True, refusal=BUSY):
        remove_leftovers(storage)
        made_at = int(time.time())
        name = datetime.fromtimestamp(made_at, UTC).strftime(f"deliver-{TIME}.db")
        backup = Backup(storage.backups / name, made_at)
        if backup.path.exists():
            raise BackupError(f"{name} exists already; fix: wait a second")
        partial = storage.backups / f".{name}.partial"
        try:
            with existing(storage) as source, closing(connect(partial, "rwc")) as target:
                # In one go: a reader's view of that moment, so that writers neither wait nor start it anew.
                source.backup(target)
                target.execute("PRAGMA journal_mode = DELETE")
            manifest = examine(partial)
            backup.manifest.write_text(json.dumps(asdict(manifest)) + "\n")
            sync(backup.manifest)
            sync(partial)
            partial.rename(backup.path)
            sync(storage.backups)
        except BaseException:
            partial.unlink(missing_ok=True)
            backup.manifest.unlink(missing_ok=True)
            raise
        removed = prune(storage, keep)
    journal.info("backup made", file=str(backup.path), **asdict(manifest), removed=removed)
    return backup


def remove_leftovers(storage: Storage) -> None:
    """Of those who were killed: whoever holds the lock knows that nobody writes them any more."""
    for left in storage.backups.glob(".deliver-*.partial*"):
        left.unlink()
    for manifest in storage.backups.glob("deliver-*.json"):
        database = manifest.with_suffix(".db")
        if NAME.fullmatch(database.name) and not database.exists():
            manifest.unlink()
    for folder in storage.data.glob(".restore-*"):
        shutil.rmtree(folder)


def prune(storage: Storage, keep: int) -> list[str]:
    """All but the newest `keep`. The manifest goes last, or it would be missing for a moment."""
    removed = []
    for backup in every(storage)[keep:]:
        backup.path.unlink()
        backup.manifest.unlink(missing_ok=True)
        removed.append(backup.path.name)
    return removed


def sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def examine(path: Path) -> Manifest:
    """Reads all of a database; raises BackupError where it is damaged or is not this program's."""
    try:
        with closing(connect(path, "ro")) as connection:
            problems = [row[0] for row in connection.execute("PRAGMA integrity_check")]
            if problems != ["ok"]:
                raise BackupError(f"{path.name} is damaged: {'; '.join(problems[:3])}")
            if orphans := connection.execute("PRAGMA foreign_key_check").fetchall():
                raise BackupError(f"{path.name} has {len(orphans)} rows whose parent is missing")
            counts = {table: connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in TABLES}  # noqa: S608
            found = schema.version(connection)
    except sqlite3.Error as error:
        raise BackupError(f"{path.name} is no whole database of deliver: {error}") from error
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return Manifest(path.stat().st_size, digest, found, counts)


def read_manifest(path: Path) -> Manifest:
    try:
        return Manifest(**json.loads(path.read_text()))
    except (OSError, ValueError, TypeError) as error:
        raise BackupError(f"{path.name} cannot be read: {error}; fix: make a new backup") from error


@contextmanager
def restored(storage: Storage, file: Path) -> Iterator[tuple[Path, Manifest]]:
    """A checked copy of a backup under a temporary name in the data's folder, for a `rename` there."""
    storage.data.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        stack.enter_context(lock(storage.backups / ".lock", alone=True, refusal=BUSY))
        remove_leftovers(storage)
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix=".restore-", dir=storage.data))
        copy = Path(folder) / file.name
        try:
            shutil.copyfile(file, copy)
        except OSError as error:
            raise BackupError(f"{file}: {error.strerror}; `deliver status` lists the backups") from error
        found = examine(copy)
        # A backup that somebody carried here without its manifest can be restored; verify wants both.
        beside = file.with_suffix(".json")
        if beside.exists() and (told := read_manifest(beside)) != found:
            raise BackupError(f"{file.name} is not what {beside.name} says: {told} expected, {found} found")
        yield copy, found


def verify(storage: Storage, oldest: float) -> dict[str, object]:
    """Restores the newest backup into a temporary file and checks it; `oldest` is its highest age in seconds."""
    backup = newest(storage)
    if backup is None:
        raise BackupError(f"there is no backup in {storage.backups}")
    if not backup.manifest.exists():
        raise BackupError(f"{backup.manifest.name} is missing; fix: make a new backup")
    with restored(storage, backup.path) as (_, found):
        age = time.time() - backup.made_at
        if age > oldest:
            raise BackupError(f"the newest backup, {backup.path.name}, is {age:.0f} s old; allowed: {oldest:.0f} s")
        return {"file": str(backup.path), "ageSeconds": round(age), **asdict(found)}


def restore(storage: Storage, file: Path) -> dict[str, object]:
    """Puts a backup in the database's place; the old one stays as `deliver.db.replaced`. Not while anything uses it."""
    refusal = "the database is in use; fix: stop the daemon and everything else of deliver"
    with lock(storage.data / "deliver.lock", alone=True, refusal=refusal), restored(storage, file) as (copy, found):
        refuse_while_alive(storage)
        sync(copy)
        replaced = storage.database.with_name("deliver.db.replaced")
        if storage.database.exists():
            with suppress_damage(), closing(connect(storage.database, "rw")) as connection:
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            # A second name, so that at no moment there is no database: a daemon would begin with an empty one.
            replaced.unlink(missing_ok=True)
            os.link(storage.database, replaced)
        # What is in the write-ahead log belongs to the old database, and would spoil the new one.
        for ending in ("-wal", "-shm"):
            replaced.with_name(replaced.name + ending).unlink(missing_ok=True)
            left = storage.database.with_name(storage.database.name + ending)
            if left.exists():
                left.rename(replaced.with_name(replaced.name + ending))
        copy.rename(storage.database)
        sync(storage.data)
        # The backup holds the heartbeat of the time when it was made.
        with existing(storage) as connection:
            connection.execute("DELETE FROM heartbeat")
    return {"file": str(file), **asdict(found)}


def refuse_while_alive(storage: Storage) -> None:
    if not storage.database.exists():
        return
    age = None
    with suppress_damage(), existing(storage) as connection:
        age = heartbeat.age(connection)
    if age is not None and age <= heartbeat.FRESH:
        left = heartbeat.FRESH - age
        raise DatabaseError(
            f"the daemon's heartbeat is {age:.0f} s old: it runs, or was killed; fix: stop it, or wait {left:.0f} s"
        )


@contextmanager
def suppress_damage() -> Iterator[None]:
    """A damaged database is what restores are for: it must not stop one."""
    try:
        yield
    except sqlite3.Error as error:
        journal.warning("the old database cannot be read", error=str(error))
