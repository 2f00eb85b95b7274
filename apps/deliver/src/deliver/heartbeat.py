"""The daemon's sign of life, written at each step of its loop, so that one that hangs has none."""

import sqlite3
import time

from deliver.database import DatabaseError, existing
from deliver.settings import Storage

# Older than this is dead, in seconds. The longest step between two beats is a request (a third of a lease, 20 at most).
FRESH = 60.0


def beat(connection: sqlite3.Connection, worker: str) -> None:
    now = time.time()
    connection.execute(
        """
        INSERT INTO heartbeat (one, beat_at, started_at, worker) VALUES (1, ?, ?, ?)
        ON CONFLICT (one) DO UPDATE SET
            beat_at = excluded.beat_at,
            started_at = iif(worker = excluded.worker, started_at, excluded.started_at),
            worker = excluded.worker
        """,
        (now, now, worker),
    )


def stop(connection: sqlite3.Connection, worker: str) -> None:
    """After a clean end a restore need not wait until the heartbeat is old."""
    connection.execute("DELETE FROM heartbeat WHERE worker = ?", (worker,))


def age(connection: sqlite3.Connection) -> float | None:
    """Seconds since the last beat; None where there is none. One of the future is as old: the clock was set back."""
    row = connection.execute("SELECT beat_at FROM heartbeat").fetchone()
    return None if row is None else abs(time.time() - row["beat_at"])


def check(storage: Storage) -> dict[str, object]:
    """What `deliver health` says; raises DatabaseError or sqlite3.Error where it is not well."""
    with existing(storage) as connection:
        waiting = connection.execute("SELECT count(*) FROM posts WHERE state <> 'delivered'").fetchone()[0]
        seconds = age(connection)
    if seconds is None:
        raise DatabaseError("the daemon has no heartbeat: it is not running")
    if seconds > FRESH:
        raise DatabaseError(f"the daemon's last heartbeat is {seconds:.0f} s old; allowed: {FRESH:.0f} s")
    return {"waiting": waiting, "heartbeatAge": round(seconds, 1)}
