"""What is known of the far ends: reddit, deepl, webhook. In the database, so that a restart does not forget a limit."""

import sqlite3
import time
from dataclasses import dataclass


@dataclass(frozen=True)
class Service:
    name: str
    errors: int
    paused_until: float
    succeeded_at: float | None


def every(connection: sqlite3.Connection) -> list[Service]:
    rows = connection.execute("SELECT name, errors, paused_until, succeeded_at FROM services ORDER BY name")
    return [Service(**row) for row in rows]


def succeeded(connection: sqlite3.Connection, name: str) -> None:
    connection.execute("UPDATE services SET succeeded_at = ? WHERE name = ?", (time.time(), name))


def failed(connection: sqlite3.Connection, name: str, pause: float = 0) -> None:
    """Counts an error; `pause` seconds long nobody calls the service. A shorter pause never ends a longer one."""
    connection.execute(
        "UPDATE services SET errors = errors + 1, paused_until = max(paused_until, ?) WHERE name = ?",
        (time.time() + pause if pause > 0 else 0, name),
    )


def pause(connection: sqlite3.Connection, name: str, seconds: float) -> None:
    """For a limit that the service told in time: no error."""
    connection.execute(
        "UPDATE services SET paused_until = max(paused_until, ?) WHERE name = ?", (time.time() + seconds, name)
    )


def paused(connection: sqlite3.Connection, name: str) -> float:
    """Seconds that are left of a pause; 0 where there is none."""
    row = connection.execute("SELECT paused_until FROM services WHERE name = ?", (name,)).fetchone()
    return max(0.0, float(row["paused_until"]) - time.time())
