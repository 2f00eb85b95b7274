"""The monitor as it runs in a container."""

import json
import socket
import sqlite3
import struct
import subprocess
import time
from pathlib import Path

from conftest import USER, FakeSite, Monitor, fetch, wait_for


def test_it_sees_a_site_go_down_and_come_back(start, web: FakeSite) -> None:
    monitor: Monitor = start({"name": "shop", "url": web.url})
    metrics = monitor.metrics()
    assert metrics['site_up{site="shop"}'] == 1
    assert 0 < metrics['site_check_duration_seconds{site="shop"}'] < 5
    assert abs(metrics['site_check_timestamp_seconds{site="shop"}'] - time.time()) < 10
    assert metrics['site_checks_total{result="down",site="shop"}'] == 0
    web.status = 500
    wait_for(lambda: monitor.site("shop")["up"] is False)
    assert monitor.metrics()['site_up{site="shop"}'] == 0
    assert monitor.site("shop")["reason"] == "status 500 instead of 200"
    page = monitor.get("/")[1]
    assert "<title>shop: down</title>" in page
    assert "status 500 instead of 200" in page
    assert monitor.get("/health")[0] == 200
    web.status = 200
    wait_for(lambda: monitor.site("shop")["up"] is True)
    assert "<title>All sites are up</title>" in monitor.get("/")[1]
    shop = monitor.site("shop")
    assert 0 < shop["uptime24h"] < 1
    wait_for(lambda: len([line for line in monitor.log() if line["logger"] == "monitor.check"]) == 3)
    lines = [line for line in monitor.log() if line["logger"] == "monitor.check"]
    assert [(line["level"], line["message"]) for line in lines] == [
        ("info", "shop is up"),
        ("error", "shop is down"),
        ("info", "shop is up"),
    ]


def test_a_site_that_starts_with_it_is_not_down_before_it_had_the_first_interval(start, web: FakeSite) -> None:
    web.status = 404
    never = FakeSite()
    never.status = 404
    monitor: Monitor = start({"name": "shop", "url": web.url}, {"name": "gone", "url": never.url}, checked=False, INTERVAL_SECONDS="8")
    wait_for(lambda: len(web.paths) >= 2)
    assert monitor.site("shop")["up"] is None
    assert "<title>Not checked yet</title>" in monitor.get("/")[1]
    assert 'site_up{site="shop"}' not in monitor.metrics()
    web.status = 200
    wait_for(lambda: monitor.site("shop")["up"] is True)
    wait_for(lambda: monitor.site("gone")["up"] is False)
    assert monitor.metrics()['site_checks_total{result="down",site="shop"}'] == 0
    never.shutdown()


def test_it_checks_https_and_tells_the_end_of_the_certificate(start, secure, authority) -> None:
    site = secure("shop.test")
    monitor = start({"name": "shop", "url": site.url, "host": "shop.test"}, SSL_CERT_FILE=str(authority.file))
    assert monitor.site("shop")["up"] is True
    end = monitor.metrics()['site_certificate_expiry_timestamp_seconds{site="shop"}']
    assert 19 < (end - time.time()) / 86400 <= 20


def test_a_site_that_hangs_delays_no_other(start, web: FakeSite) -> None:
    hanging = FakeSite()
    hanging.delay = 30
    sites = {"name": "slow", "url": hanging.url, "timeoutSeconds": 3}, {"name": "shop", "url": web.url}
    monitor = start(*sites, INTERVAL_SECONDS="3")
    assert monitor.site("slow")["reason"] == "no answer within 3 s"
    assert monitor.site("shop")["up"] is True
    assert monitor.site("shop")["durationMs"] < monitor.site("slow")["durationMs"]
    hanging.shutdown()


def test_results_outlive_the_container_and_old_ones_go(start, web: FakeSite, folder: Path) -> None:
    monitor = start({"name": "shop", "url": web.url})
    assert monitor.stop() == 0
    with sqlite3.connect(folder / "checks.sqlite") as database:
        [[checks]] = database.execute("SELECT count(*) FROM results").fetchall()
        hour = time.time() - 3600
        database.execute("INSERT INTO results VALUES ('shop', ?, 1, 0, 'status 500', NULL)", [hour])
        database.execute("INSERT INTO results VALUES ('shop', ?, 1, 0, 'status 500', NULL)", [hour - 24 * 3600])
    database.close()
    monitor = start({"name": "shop", "url": web.url})
    shop = monitor.site("shop")
    assert shop["checks24h"] >= checks + 2
    assert shop["uptime24h"] < 1
    wait_for(lambda: rows(folder, hour - 1) == 0)


def rows(folder: Path, before: float) -> int:
    with sqlite3.connect(folder / "checks.sqlite") as database:
        [[count]] = database.execute("SELECT count(*) FROM results WHERE at < ?", [before]).fetchall()
    database.close()
    return count


def test_names_and_reasons_are_text_on_the_page(start, web: FakeSite) -> None:
    page = start({"name": "<b>&", "url": web.url}).get("/")[1]
    assert "<td>&lt;b&gt;&amp;</td>" in page
    assert "<b>" not in page


def test_health_and_what_is_not_there(start, web: FakeSite) -> None:
    monitor = start({"name": "shop", "url": web.url})
    status, text = monitor.get("/health")
    assert status == 200
    assert {**json.loads(text), "timestamp": ""} == {
        "status": "ok", "timestamp": "", "service": "monitor", "version": "1.0.0", "database": "connected", "checks": "on time",
    }  # fmt: skip
    assert monitor.health_command() == 0
    for request in (b"", b"no http", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"):
        with socket.create_connection(("127.0.0.1", monitor.port)) as connection:
            connection.sendall(request)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    assert monitor.log()  # each line is JSON
    assert monitor.get("/metrics")[0] == 404
    assert fetch(f"http://127.0.0.1:{monitor.port}/nowhere")[0] == 404


def test_health_is_503_when_results_can_no_longer_be_kept(start, web: FakeSite, folder: Path) -> None:
    monitor = start({"name": "shop", "url": web.url})
    with sqlite3.connect(folder / "checks.sqlite") as database:
        database.execute("DROP TABLE results")
    database.close()
    wait_for(lambda: monitor.get("/health")[0] == 503)
    assert json.loads(monitor.get("/health")[1])["database"] == "disconnected"
    assert monitor.health_command() == 1
    wait_for(lambda: any(line["message"] == "a round failed" for line in monitor.log()))


def test_sigterm_ends_it_at_once_though_a_check_is_under_way(start, web: FakeSite) -> None:
    monitor = start({"name": "shop", "url": web.url, "timeoutSeconds": 30}, INTERVAL_SECONDS="30")
    web.delay = 20
    begin = time.monotonic()
    assert monitor.stop() == 0
    assert time.monotonic() - begin < 15
    assert monitor.log()[-1]["message"] == "stopping"


def test_wrong_settings_end_the_start(folder: Path) -> None:
    environment = {"PATH": "/usr/local/bin:/usr/bin:/bin", "PYTHONUNBUFFERED": "1", "INTERVAL_SECONDS": "often"}
    command = ["python", "-m", "site_monitor"]
    run = {"cwd": "/app", "user": USER, "text": True, "capture_output": True, "timeout": 60, "check": False}
    done = subprocess.run(command, env=environment, **run)
    assert done.returncode == 78
    assert [line.partition(":")[0] for line in done.stderr.splitlines()] == ["INTERVAL_SECONDS", "SITE_CHECKS"]
    checks = json.dumps([{"name": "a", "url": "http://a/"}])
    done = subprocess.run(
        command, env={**environment, "INTERVAL_SECONDS": "", "SITE_CHECKS": checks, "DATA_DIRECTORY": "/root"}, **run
    )
    assert done.returncode == 78
    assert done.stderr.startswith("DATA_DIRECTORY: cannot write in /root: ")
