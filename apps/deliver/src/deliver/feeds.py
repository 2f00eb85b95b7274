"""What is watched: a subreddit, and the language that its posts are translated into."""

import re
import sqlite3
import time
from dataclasses import dataclass

from deliver.problem import Problem


class FeedError(Problem):
    """The feed cannot be added or is not there."""


@dataclass(frozen=True)
class Feed:
    id: int
    subreddit: str
    language: str
    # Posts made before this are none of ours. Seconds since 1970, as all times.
    since: float
    polled_at: float | None


def add(connection: sqlite3.Connection, subreddit: str, language: str, backlog_hours: float = 0) -> None:
    name, code = subreddit.removeprefix("/").removeprefix("r/"), language.upper()
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_]{1,20}", name):
        raise FeedError(f"{subreddit!r} is no subreddit; allowed: 2 to 21 letters, digits and _; example: rust")
    if not re.fullmatch(r"[A-Z]{2,3}(-[A-Z0-9]{2,4})?", code):
        raise FeedError(f"{language!r} is no language of DeepL; examples: DE, FR, EN-GB, PT-BR")
    if backlog_hours < 0:
        raise FeedError(f"a backlog of {backlog_hours} hours is not allowed; allowed: 0 or more")
    since = time.time() - backlog_hours * 3600
    try:
        connection.execute("INSERT INTO feeds (subreddit, language, since) VALUES (?, ?, ?)", (name, code, since))
    except sqlite3.IntegrityError as error:
        raise FeedError(f"r/{name} into {code} is watched already") from error


def remove(connection: sqlite3.Connection, subreddit: str, language: str) -> int:
    """Returns how many posts went with it."""
    name, code = subreddit.removeprefix("/").removeprefix("r/"), language.upper()
    row = connection.execute("SELECT id FROM feeds WHERE subreddit = ? AND language = ?", (name, code)).fetchone()
    if row is None:
        raise FeedError(f"r/{name} into {code} is not watched; `deliver feeds list` says what is")
    count = connection.execute("SELECT count(*) FROM posts WHERE feed_id = ?", (row["id"],)).fetchone()[0]
    connection.execute("DELETE FROM feeds WHERE id = ?", (row["id"],))
    return int(count)


def every(connection: sqlite3.Connection) -> list[Feed]:
    rows = connection.execute("SELECT id, subreddit, language, since, polled_at FROM feeds ORDER BY id")
    return [Feed(**row) for row in rows]


def due(connection: sqlite3.Connection, interval: float) -> list[Feed]:
    """Those that were not polled for `interval` seconds. A clock that was set back must not stop them."""
    now = time.time()
    return [feed for feed in every(connection) if feed.polled_at is None or not now - interval < feed.polled_at <= now]


def polled(connection: sqlite3.Connection, feed: Feed) -> None:
    connection.execute("UPDATE feeds SET polled_at = ? WHERE id = ?", (time.time(), feed.id))
