"""The database's schema, as the steps that lead to it.

`PRAGMA user_version` says how many were applied. A released step never changes, and each is compatible with the release
before it: an older program passes over newer steps, so a rollback needs no way down.
"""

import sqlite3

STEPS = (
    """
    CREATE TABLE feeds (
        id INTEGER PRIMARY KEY,
        subreddit TEXT NOT NULL COLLATE NOCASE,
        language TEXT NOT NULL,
        since REAL NOT NULL,
        polled_at REAL,
        UNIQUE (subreddit, language)
    ) STRICT;
    CREATE TABLE posts (
        id INTEGER PRIMARY KEY,
        feed_id INTEGER NOT NULL REFERENCES feeds (id) ON DELETE CASCADE,
        reddit_id TEXT NOT NULL,
        state TEXT NOT NULL DEFAULT 'seen' CHECK (state IN ('seen', 'translated', 'delivered')),
        author TEXT NOT NULL,
        url TEXT NOT NULL,
        title TEXT NOT NULL,
        text TEXT NOT NULL,
        title_translated TEXT,
        text_translated TEXT,
        created_at REAL NOT NULL,
        seen_at REAL NOT NULL,
        delivered_at REAL,
        attempts INTEGER NOT NULL DEFAULT 0,
        due_at REAL NOT NULL DEFAULT 0,
        claimed_by TEXT,
        claimed_until REAL NOT NULL DEFAULT 0,
        last_error TEXT,
        UNIQUE (feed_id, reddit_id),
        CHECK (state = 'seen' OR title_translated IS NOT NULL),
        CHECK ((state = 'delivered') = (delivered_at IS NOT NULL))
    ) STRICT;
    CREATE INDEX posts_waiting ON posts (due_at) WHERE state <> 'delivered';
    CREATE TABLE deliveries (
        post_id INTEGER NOT NULL REFERENCES posts (id) ON DELETE CASCADE,
        sink TEXT NOT NULL,
        delivered_at REAL NOT NULL,
        PRIMARY KEY (post_id, sink)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE services (
        name TEXT PRIMARY KEY,
        errors INTEGER NOT NULL DEFAULT 0,
        paused_until REAL NOT NULL DEFAULT 0,
        succeeded_at REAL
    ) STRICT, WITHOUT ROWID;
    INSERT INTO services (name) VALUES ('reddit'), ('deepl'), ('webhook');
    CREATE TABLE heartbeat (
        one INTEGER PRIMARY KEY CHECK (one = 1),
        beat_at REAL NOT NULL,
        started_at REAL NOT NULL,
        worker TEXT NOT NULL
    ) STRICT;
    """,
    # Counting posts by state is what each scrape of the metrics does.
    "CREATE INDEX posts_state ON posts (state, seen_at);",
)


def version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def migrate(connection: sqlite3.Connection) -> int:
    """Applies what is missing, each step as a whole or not at all; returns how many it applied."""
    applied = 0
    while version(connection) < len(STEPS):
        # Of two programs that start at once the second waits here, and finds the step done.
        connection.execute("BEGIN IMMEDIATE")
        try:
            current = version(connection)
            if current < len(STEPS):
                for statement in STEPS[current].split(";"):
                    if statement.strip():
                        connection.execute(statement)
                connection.execute(f"PRAGMA user_version = {current + 1}")
                applied += 1
            connection.execute("COMMIT")
        except BaseException:
            connection.execute("ROLLBACK")
            raise
    return applied
