"""The results of the last day, in SQLite on a volume: a new version of the monitor still knows them."""

import sqlite3
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from site_monitor.check import Result

DAY = 24 * 3600


@dataclass(frozen=True)
class Uptime:
    # Checks of the last 24 hours, and how many of them found the site up.
    checks: int
    up: int

    @property
    def share(self) -> float | None:
        return self.up / self.checks if self.checks else None


class History:
    """May be used by several threads. Raises OSError or sqlite3.Error where the directory cannot be written."""

    def __init__(self, directory: str) -> None:
        self._lock = threading.Lock()
        self._database = sqlite3.connect(Path(directory) / "checks.sqlite", timeout=5, check_same_thread=False, autocommit=True)
        # During a cut-over the old and the new container write at the same time.
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.execute("PRAGMA synchronous = NORMAL")
        self._database.execute(
            "CREATE TABLE IF NOT EXISTS results (site TEXT NOT NULL, at REAL NOT NULL, seconds REAL NOT NULL, "
            "up INTEGER NOT NULL, reason TEXT NOT NULL, certificate_end REAL, PRIMARY KEY (site, at)) WITHOUT ROWID, STRICT"
        )

    def close(self) -> None:
        with self._lock:
            self._database.close()

    def answers(self) -> bool:
        try:
            with self._lock:
                self._database.execute("SELECT 1 FROM results LIMIT 1").fetchall()
        except sqlite3.Error:
            return False
        return True

    def add(self, result: Result) -> None:
        row = (result.site, result.at, result.seconds, result.up, result.reason, result.certificate_end)
        with self._lock:
            self._database.execute("INSERT OR REPLACE INTO results VALUES (?, ?, ?, ?, ?, ?)", row)

    def forget_old(self) -> None:
        with self._lock:
            self._database.execute("DELETE FROM results WHERE at < ?", [time.time() - DAY])

    def last(self, site: str) -> Result | None:
        with self._lock:
            query = "SELECT site, at, seconds, up, reason, certificate_end FROM results WHERE site = ? ORDER BY at DESC LIMIT 1"
            row = self._database.execute(query, [site]).fetchone()
        return None if row is None else Result(row[0], row[1], row[2], bool(row[3]), row[4], row[5])

    def uptime(self, site: str) -> Uptime:
        with self._lock:
            query = "SELECT count(*), coalesce(sum(up), 0) FROM results WHERE site = ? AND at >= ?"
            checks, up = self._database.execute(query, [site, time.time() - DAY]).fetchone()
        return Uptime(checks, up)
