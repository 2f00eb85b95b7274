import json
import signal
import sqlite3
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from conftest import Service, end, wait

from deliver import backups, heartbeat
from deliver.database import lock
from deliver.problem import Problem


def filled(service: Service, *names: str) -> None:
    service.run("feeds", "add", "rust", "--lang", "DE")
    service.reddit.publish("rust", *names)
    service.run("monitor", "start", "--once")


def made(service: Service) -> list[str]:
    return sorted(path.name for path in (service.data / "backups").iterdir() if path.name != ".lock")


def another_second() -> None:
    """A backup is named after the second that it begins in."""
    second = int(time.time())
    wait(lambda: int(time.time()) > second)


def test_a_backup_holds_all_and_verify_says_so(service: Service) -> None:
    filled(service, "a", "b", "c")
    service.run("backup")
    database, manifest = made(service)
    assert database.replace(".db", ".json") == manifest
    found = json.loads(service.run("verify"))
    assert found["message"] == "backup is good"
    assert found["counts"] == {"feeds": 1, "posts": 3, "deliveries": 3, "services": 3}
    assert 0 <= found["ageSeconds"] < 60
    # Neither left anything beside it.
    assert made(service) == [database, manifest]
    assert sorted(path.name for path in service.data.iterdir()) == ["backups", "deliver.db", "deliver.lock"]


def test_a_backup_while_posts_are_written_is_whole_and_stops_nobody(service: Service) -> None:
    service.run("feeds", "add", "rust", "--lang", "DE")
    service.reddit.publish("rust", *(f"n{number}" for number in range(100)))
    daemon = service.daemon()
    taken = []
    for least in (5, 25, 45):
        wait(lambda: service.states().get("delivered", 0) >= least)  # noqa: B023 - used at once
        before = service.states()["delivered"]
        service.run("backup")
        taken.append((before, backups.newest(service.storage)))
        another_second()
    wait(lambda: service.states() == {"delivered": 100})
    assert end(daemon)[0] == 0
    for before, backup in taken:
        assert backup is not None
        manifest = backups.examine(backup.path)
        assert manifest == backups.read_manifest(backup.manifest)
        assert before <= manifest.counts["deliveries"] <= 100


def test_retention_over_faked_dates_keeps_the_newest(service: Service) -> None:
    filled(service, "a")
    service.run("backup")
    (first,) = backups.every(service.storage)
    today = datetime.now(UTC)
    for days in range(1, 31):
        name = (today - timedelta(days=days)).strftime(f"deliver-{backups.TIME}")
        for ending in (".db", ".json"):
            (service.data / "backups" / (name + ending)).write_bytes(first.path.with_suffix(ending).read_bytes())
    (service.data / "backups" / "deliver-by-hand.db").write_text("not ours")
    another_second()
    service.run("backup", "--keep", "14")
    kept = backups.every(service.storage)
    ages = [round((today.timestamp() - backup.made_at) / 86_400) for backup in kept]
    assert ages == [0, 0, *range(1, 13)]
    assert all(backup.manifest.exists() for backup in kept)
    assert len(made(service)) == 14 * 2 + 1
    assert "allowed: 1 or more" in service.run("backup", "--keep", "0", code=2)


def test_a_failed_backup_removes_nothing_and_leaves_nothing(service: Service) -> None:
    filled(service, *(f"n{number}" for number in range(40)))
    service.run("backup")
    another_second()
    service.run("backup")
    before = made(service)
    # A damaged page in the middle, as a bad disk makes one.
    with sqlite3.connect(service.data / "deliver.db") as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    with (service.data / "deliver.db").open("r+b") as file:
        file.seek((service.data / "deliver.db").stat().st_size // 4096 // 2 * 4096)
        file.write(b"\xff" * 4096)
    another_second()
    text = service.run("backup", "--keep", "1", code=1)
    assert '"level": "error"' in text
    assert made(service) == before
    service.run("verify")


def test_a_backup_that_is_killed_leaves_no_final_name_and_the_next_one_works(service: Service) -> None:
    filled(service, "a")
    service.run("backup")
    before = made(service)
    # What a kill leaves: there is no moment to hit, as a small database is copied within milliseconds.
    (service.data / "backups" / ".deliver-20260101T000000Z.db.partial").write_bytes(b"half")
    (service.data / "backups" / "deliver-20260101T000000Z.json").write_text("{}")
    (service.data / ".restore-x").mkdir()
    (service.data / ".restore-x" / "deliver.db").write_text("half")
    service.run("verify")
    another_second()
    service.run("backup")
    assert not list((service.data / "backups").glob(".deliver-*"))
    assert set(before) < set(made(service))
    assert len(made(service)) == 4
    service.run("verify")


def test_killed_at_any_moment_a_backup_with_its_final_name_is_whole(service: Service) -> None:
    filled(service, "a")
    for milliseconds in range(60, 300, 30):
        process = service.start("backup")
        time.sleep(milliseconds / 1000)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        for backup in backups.every(service.storage):
            assert backups.examine(backup.path) == backups.read_manifest(backup.manifest)
    another_second()
    service.run("backup")
    service.run("verify")


@pytest.mark.parametrize("damage", ["truncated", "emptied", "changed text", "no manifest"])
def test_verify_finds_a_bad_backup(service: Service, damage: str) -> None:
    filled(service, "a", "b")
    service.run("backup")
    (backup,) = backups.every(service.storage)
    content = backup.path.read_bytes()
    if damage == "truncated":
        backup.path.write_bytes(content[: len(content) // 2])
    elif damage == "emptied":
        backup.path.write_bytes(b"")
    elif damage == "changed text":
        # No structure of SQLite's is touched: integrity_check alone would not see it.
        assert b"Title a" in content
        backup.path.write_bytes(content.replace(b"Title a", b"Title x"))
    else:
        backup.manifest.unlink()
    text = service.run("verify", code=1)
    assert json.loads(text)["level"] == "error"
    assert backup.path.stem in text
    if damage != "no manifest":
        service.run("restore", str(backup.path), code=1)
        assert service.states() == {"delivered": 2}


def test_verify_fails_where_there_is_no_backup_or_only_an_old_one(service: Service) -> None:
    filled(service, "a")
    assert "there is no backup" in service.run("verify", code=1)
    service.run("backup")
    (backup,) = backups.every(service.storage)
    old = (datetime.now(UTC) - timedelta(days=3)).strftime(f"deliver-{backups.TIME}.db")
    backup.manifest.rename(backup.path.with_name(old).with_suffix(".json"))
    backup.path.rename(backup.path.with_name(old))
    assert "s old; allowed: 93600 s" in service.run("verify", code=1)
    service.run("verify", "--max-age", "300000")


def test_restore_brings_back_the_moment_of_the_backup(service: Service) -> None:
    filled(service, "a")
    service.run("backup")
    (backup,) = backups.every(service.storage)
    service.reddit.publish("rust", "b")
    service.run("monitor", "start", "--once")
    assert service.states() == {"delivered": 2}
    service.run("restore", str(backup.path))
    assert service.states() == {"delivered": 1}
    assert backups.examine(service.data / "deliver.db.replaced").counts["posts"] == 2
    # What was delivered after the backup is new again, and what was before it is not.
    service.run("monitor", "start", "--once")
    assert service.webhook.ids == ["t3_a:DE", "t3_b:DE", "t3_b:DE"]


def test_restore_into_an_empty_folder_and_over_a_damaged_database(service: Service, tmp_path: Path) -> None:
    filled(service, "a")
    service.run("backup")
    (backup,) = backups.every(service.storage)
    service.run("restore", str(backup.path), DELIVER_DATA=str(tmp_path / "new"))
    (service.data / "deliver.db").write_bytes(b"no database" * 1000)
    service.run("restore", str(backup.path))
    assert service.states() == {"delivered": 1}
    assert "No such file" in service.run("restore", str(tmp_path / "none.db"), code=1)


def test_restore_refuses_while_the_daemon_runs_or_was_killed_just_now(service: Service) -> None:
    filled(service, "a")
    service.run("backup")
    (backup,) = backups.every(service.storage)
    daemon = service.daemon()
    assert "the database is in use" in service.run("restore", str(backup.path), code=1)
    end(daemon, signal.SIGKILL)
    assert "heartbeat is" in service.run("restore", str(backup.path), code=1)
    connection = sqlite3.connect(service.data / "deliver.db", isolation_level=None)
    connection.execute("UPDATE heartbeat SET beat_at = beat_at - ?", (heartbeat.FRESH,))
    connection.close()
    service.run("restore", str(backup.path))
    daemon = service.daemon()
    assert end(daemon)[0] == 0
    # After a clean end nobody has to wait.
    service.run("restore", str(backup.path))


def test_two_backups_at_once(service: Service) -> None:
    filled(service, "a")
    with (
        lock(service.data / "backups" / ".lock", alone=True, refusal="busy"),
        pytest.raises(Problem, match="another backup, verify or restore is running"),
    ):
        backups.make(service.storage, 14)
    assert made(service) == []
