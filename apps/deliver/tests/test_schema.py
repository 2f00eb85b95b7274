import json
import sqlite3
import threading

import pytest
from conftest import Service

from deliver import schema
from deliver.database import connect, opened


def test_the_first_start_makes_the_schema_and_the_next_changes_nothing(service: Service) -> None:
    first = service.run("feeds", "add", "rust", "--lang", "DE")
    assert json.loads(first.splitlines()[0])["message"] == "schema migrated"
    assert "schema migrated" not in service.run("feeds", "add", "go", "--lang", "DE")
    assert service.rows("PRAGMA user_version") == [(len(schema.STEPS),)]
    assert service.rows("PRAGMA journal_mode") == [("wal",)]


def test_an_older_database_is_brought_up_to_date_with_its_data(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as older:
        older.setattr(schema, "STEPS", schema.STEPS[:1])
        service.data.mkdir()
        with opened(service.storage) as connection:
            connection.execute("INSERT INTO feeds (subreddit, language, since) VALUES ('rust', 'DE', 0)")
    assert service.rows("PRAGMA user_version") == [(1,)]
    assert "rust\tDE" in service.run("feeds", "list")
    service.run("monitor", "start", "--once", code=1)
    assert service.rows("PRAGMA user_version") == [(len(schema.STEPS),)]
    assert service.rows("SELECT subreddit FROM feeds") == [("rust",)]


def test_a_newer_database_serves_an_older_program(service: Service) -> None:
    service.run("feeds", "add", "rust", "--lang", "DE")
    connection = sqlite3.connect(service.data / "deliver.db")
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    service.reddit.publish("rust", "a")
    assert "of a newer release" in service.run("monitor", "start", "--once")
    assert service.states() == {"delivered": 1}


def test_a_step_that_fails_leaves_nothing_of_itself(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    service.run("feeds", "add", "rust", "--lang", "DE")
    monkeypatch.setattr(schema, "STEPS", (*schema.STEPS, "CREATE TABLE half (one); CREATE TABLE feeds (two)"))
    with pytest.raises(sqlite3.OperationalError), opened(service.storage):
        pass
    assert service.rows("PRAGMA user_version") == [(len(schema.STEPS) - 1,)]
    assert service.rows("SELECT count(*) FROM sqlite_schema WHERE name = 'half'") == [(0,)]


def test_programs_that_start_at_once_apply_each_step_once(service: Service) -> None:
    service.data.mkdir()
    applied: list[int] = []

    def start() -> None:
        connection = connect(service.data / "deliver.db", "rwc")
        applied.append(schema.migrate(connection))
        connection.close()

    threads = [threading.Thread(target=start) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(applied) == len(schema.STEPS)
    assert len(applied) == 6


def test_foreign_keys_and_states_are_kept_by_the_database(service: Service) -> None:
    service.run("feeds", "add", "rust", "--lang", "DE")
    with opened(service.storage) as connection:
        post = "INSERT INTO posts (feed_id, reddit_id, state, author, url, title, text, created_at, seen_at) VALUES "
        connection.execute(post + "(1, 't3_a', 'seen', '', '', '', '', 0, 0)")
        for wrong in ("(1, 't3_a', 'seen',", "(7, 't3_b', 'seen',", "(1, 't3_b', 'lost',", "(1, 't3_b', 'delivered',"):
            with pytest.raises(sqlite3.IntegrityError):
                connection.execute(post + wrong + " '', '', '', '', 0, 0)")
