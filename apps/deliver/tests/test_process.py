"""Ends, kills, two at once: each with the real program in processes of its own."""

import signal
import sqlite3
import time

from conftest import Service, end, told, wait

from deliver import heartbeat


def test_sigterm_finishes_the_post_in_hand(service: Service) -> None:
    service.run("feeds", "add", "rust", "--lang", "DE")
    service.deepl.delay = service.webhook.delay = 1.0
    service.reddit.publish("rust", "a", "b", "c")
    daemon = service.daemon()
    wait(lambda: len(service.deepl.requests) == 1)
    code, lines, seconds = end(daemon)
    assert (code, seconds < 10) == (0, True)
    assert service.states() == {"seen": 2, "delivered": 1}
    assert len(service.webhook.ids) == 1
    assert lines[-1]["message"] == "stopped"
    # Nothing is left claimed, so the next process need not wait.
    assert service.rows("SELECT count(*) FROM posts WHERE claimed_by IS NOT NULL") == [(0,)]


def test_sigterm_gives_up_a_far_end_that_hangs(service: Service) -> None:
    service.run("feeds", "add", "rust", "--lang", "DE")
    service.deepl.delay = 15
    service.reddit.publish("rust", "a")
    daemon = service.daemon()
    wait(lambda: len(service.deepl.requests) == 1)
    code, _, seconds = end(daemon)
    assert (code, 6 < seconds < 10) == (0, True)
    assert service.rows("SELECT state, claimed_by, attempts FROM posts") == [("seen", None, 0)]


def test_sigterm_while_idle_is_quick(service: Service) -> None:
    daemon = service.daemon()
    code, _, seconds = end(daemon)
    assert (code, seconds < 2) == (0, True)


def test_daemon_and_one_shots_at_once_deliver_no_post_twice(service: Service) -> None:
    service.run("feeds", "add", "rust", "--lang", "DE")
    service.deepl.delay = service.webhook.delay = 0.02
    daemon = service.daemon()
    service.reddit.publish("rust", *(f"n{number}" for number in range(60)))
    passes = [service.start("monitor", "start", "--once") for _ in range(3)]
    for one in passes:
        out, errors = one.communicate(timeout=120)
        assert one.returncode == 0, out + errors
    wait(lambda: service.states() == {"delivered": 60})
    assert end(daemon)[0] == 0
    assert sorted(service.webhook.ids) == sorted(f"t3_n{number}:DE" for number in range(60))
    assert len(service.deepl.requests) == 60


def test_killed_in_the_middle_loses_no_post_and_repeats_only_the_one_in_hand(service: Service) -> None:
    service.run("feeds", "add", "rust", "--lang", "DE")
    service.webhook.delay = 0.15
    service.reddit.publish("rust", *(f"n{number}" for number in range(20)))
    kills = 3
    for kill in range(kills):
        process = service.start("monitor", "start", DELIVER_LEASE="3")
        # Killed while the webhook has the request, so that its answer never arrives: the worst moment.
        wait(lambda: len(service.webhook.requests) >= (kill + 1) * 4)  # noqa: B023 - used at once
        assert end(process, signal.SIGKILL)[0] == -signal.SIGKILL
    service.webhook.delay = 0
    wait(lambda: service.rows("SELECT count(*) FROM posts")[0][0] == 20)
    service.run("monitor", "start", "--once")
    assert service.states() == {"delivered": 20}
    assert service.rows("SELECT count(*) FROM deliveries") == [(20,)]
    # At the sink: at least once, and at most one repetition for each kill.
    assert set(service.webhook.ids) == {f"t3_n{number}:DE" for number in range(20)}
    assert 20 <= len(service.webhook.ids) <= 20 + kills
    assert service.rows("PRAGMA integrity_check") == [("ok",)]


def test_health_says_yes_while_the_daemon_works_and_no_when_it_hangs_or_ends(service: Service) -> None:
    assert "does not exist" in service.run("health", code=1)
    daemon = service.daemon()
    service.run("health")
    connection = sqlite3.connect(service.data / "deliver.db", timeout=5, isolation_level=None)
    # What a hang of a minute leaves behind.
    daemon.send_signal(signal.SIGSTOP)
    connection.execute("UPDATE heartbeat SET beat_at = beat_at - ?", (heartbeat.FRESH + 6,))
    assert "heartbeat is 6" in service.run("health", code=1)
    daemon.send_signal(signal.SIGCONT)
    wait(service.healthy)
    connection.close()
    assert end(daemon)[0] == 0
    assert "not running" in service.run("health", code=1)


def test_health_takes_less_than_a_second(service: Service) -> None:
    daemon = service.daemon()
    times = []
    for _ in range(5):
        start = time.monotonic()
        service.run_apart("health")
        times.append(time.monotonic() - start)
    # The middle one: a machine that does much else stops any process for a while.
    assert sorted(times)[2] < 1, times
    # Even while another process holds the database for writing.
    connection = sqlite3.connect(service.data / "deliver.db", isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    loaded = service.run_apart("health", PYTHONPROFILEIMPORTTIME="1")
    assert "sqlite3" in loaded
    # What makes it light.
    assert not any(name in loaded for name in ("asyncio", "httpx", "prometheus_client"))
    connection.execute("ROLLBACK")
    connection.close()
    assert end(daemon)[0] == 0


def test_a_lock_that_lasts_stops_no_daemon(service: Service) -> None:
    service.run("feeds", "add", "rust", "--lang", "DE")
    daemon = service.daemon()
    connection = sqlite3.connect(service.data / "deliver.db", isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    service.reddit.publish("rust", "a")
    # A writer waits 5 s for the lock.
    assert any(line["message"] == "database" and "locked" in line["error"] for line in told(daemon))
    assert daemon.poll() is None
    connection.execute("ROLLBACK")
    connection.close()
    wait(lambda: service.states() == {"delivered": 1})
    daemon.terminate()
    assert daemon.wait(60) == 0


def test_a_taken_metrics_port_stops_the_start(service: Service) -> None:
    daemon = service.daemon()
    text = service.run_apart("monitor", "start", code=1, DELIVER_DATA=str(service.data.with_name("other")))
    assert "Address already in use" in text
    assert end(daemon)[0] == 0
