"""The posts and their way: seen, translated, delivered.

Whoever works on a post has claimed it for a time, its lease. Each step is written on the condition that the claim still
stands, so of two processes only one can take a post further; the claim of one that died ends by itself.
"""

import sqlite3
import time
from dataclasses import dataclass

from deliver.database import transaction
from deliver.feeds import Feed


@dataclass(frozen=True)
class Listed:
    """A post as Reddit lists it."""

    reddit_id: str
    author: str
    url: str
    title: str
    text: str
    created_at: float


@dataclass(frozen=True)
class Post:
    """A post that this process has claimed."""

    id: int
    reddit_id: str
    subreddit: str
    language: str
    state: str
    author: str
    url: str
    title: str
    text: str
    title_translated: str | None
    text_translated: str | None
    created_at: float
    attempts: int


def known(connection: sqlite3.Connection, feed: Feed, reddit_id: str) -> bool:
    query = "SELECT 1 FROM posts WHERE feed_id = ? AND reddit_id = ?"
    return connection.execute(query, (feed.id, reddit_id)).fetchone() is not None


def add(connection: sqlite3.Connection, feed: Feed, listed: list[Listed]) -> int:
    """All or none: a page left out would never be looked at again. Returns how many were new."""
    now, added = time.time(), 0
    with transaction(connection):
        for post in listed:
            # A feed that was removed meanwhile gets no posts.
            added += connection.execute(
                """
                INSERT INTO posts (feed_id, reddit_id, author, url, title, text, created_at, seen_at, due_at)
                SELECT id, ?, ?, ?, ?, ?, ?, ?, ? FROM feeds WHERE id = ?
                ON CONFLICT (feed_id, reddit_id) DO NOTHING
                """,
                (post.reddit_id, post.author, post.url, post.title, post.text, post.created_at, now, now, feed.id),
            ).rowcount
    return added


def claim(connection: sqlite3.Connection, worker: str, lease: float, states: list[str]) -> Post | None:
    """Takes the post that has been due for longest and that nobody works on."""
    now, marks = time.time(), ", ".join("?" * len(states))
    with transaction(connection):
        row = connection.execute(
            f"""
            SELECT posts.id, reddit_id, subreddit, language, state, author, url, title, text, title_translated,
                text_translated, created_at, attempts + 1 AS attempts
            FROM posts JOIN feeds ON feeds.id = feed_id
            WHERE state <> 'delivered' AND state IN ({marks}) AND due_at <= ? AND claimed_until <= ?
            ORDER BY due_at, created_at, posts.id LIMIT 1
            """,  # noqa: S608 - only question marks are put in
            (*states, now, now),
        ).fetchone()
        if row is None:
            return None
        connection.execute(
            "UPDATE posts SET claimed_by = ?, claimed_until = ?, attempts = attempts + 1 WHERE id = ?",
            (worker, now + lease, row["id"]),
        )
    return Post(**row)


def renew(connection: sqlite3.Connection, post: Post, worker: str, lease: float) -> bool:
    """False where the claim ended and another may have the post: then nothing more may be done with it."""
    changed = connection.execute(
        "UPDATE posts SET claimed_until = ? WHERE id = ? AND claimed_by = ?", (time.time() + lease, post.id, worker)
    )
    return changed.rowcount == 1


def translated(connection: sqlite3.Connection, post: Post, worker: str, title: str, text: str) -> bool:
    changed = connection.execute(
        """
        UPDATE posts SET state = 'translated', title_translated = ?, text_translated = ?
        WHERE id = ? AND claimed_by = ? AND state = 'seen'
        """,
        (title, text, post.id, worker),
    )
    return changed.rowcount == 1


def sinks_done(connection: sqlite3.Connection, post: Post) -> set[str]:
    return {row["sink"] for row in connection.execute("SELECT sink FROM deliveries WHERE post_id = ?", (post.id,))}


def handed_over(connection: sqlite3.Connection, post: Post, worker: str, sink: str) -> bool:
    changed = connection.execute(
        """
        INSERT INTO deliveries (post_id, sink, delivered_at)
        SELECT id, ?, ? FROM posts WHERE id = ? AND claimed_by = ? AND true
        ON CONFLICT DO NOTHING
        """,
        (sink, time.time(), post.id, worker),
    )
    return changed.rowcount == 1


def delivered(connection: sqlite3.Connection, post: Post, worker: str) -> bool:
    changed = connection.execute(
        """
        UPDATE posts SET state = 'delivered', delivered_at = ?, claimed_by = NULL, claimed_until = 0, last_error = NULL
        WHERE id = ? AND claimed_by = ? AND state = 'translated'
        """,
        (time.time(), post.id, worker),
    )
    return changed.rowcount == 1


def postpone(connection: sqlite3.Connection, post: Post, worker: str, seconds: float, error: str) -> None:
    connection.execute(
        """
        UPDATE posts SET due_at = ?, last_error = ?, claimed_by = NULL, claimed_until = 0
        WHERE id = ? AND claimed_by = ?
        """,
        (time.time() + seconds, error, post.id, worker),
    )


def release(connection: sqlite3.Connection, post: Post, worker: str) -> None:
    """As if it had not been claimed."""
    connection.execute(
        """
        UPDATE posts SET claimed_by = NULL, claimed_until = 0, attempts = attempts - 1
        WHERE id = ? AND claimed_by = ?
        """,
        (post.id, worker),
    )


def counts(connection: sqlite3.Connection) -> dict[str, int]:
    rows = connection.execute("SELECT state, count(*) FROM posts GROUP BY state")
    return {"seen": 0, "translated": 0, "delivered": 0, **dict(rows.fetchall())}


def oldest_waiting(connection: sqlite3.Connection) -> float | None:
    """When the post that waits for longest was seen."""
    row = connection.execute("SELECT min(seen_at) FROM posts WHERE state IN ('seen', 'translated')").fetchone()
    return None if row[0] is None else float(row[0])
