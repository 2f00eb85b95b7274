"""The service with a real Postgres and Redis."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from services import Postgres, Redis, wait_for
from site_server import SiteServer, manage, start_and_fail


def test_notes(site: SiteServer) -> None:
    made = site.client.send("POST", "/notes", {"title": "Milk", "body": "two"})
    assert (made.status, made.headers["Location"]) == (201, f"/notes/{made.json['id']}")
    assert (made.json["title"], made.json["body"]) == ("Milk", "two")
    assert site.client.get("/notes").json == {"notes": [made.json]}
    assert site.client.get(made.headers["Location"]).json == made.json
    assert site.client.request("DELETE", made.headers["Location"]).status == 204
    assert site.client.get(made.headers["Location"]).status == 404
    for wrong in (
        [],
        {},
        {"title": ""},
        {"title": "x" * 201},
        {"title": 1},
        {"title": "x", "y": "z"},
        {"title": "\0"},
        {"title": "\ud800"},
    ):
        assert site.client.send("POST", "/notes", wrong).status == 400
    assert site.client.request("POST", "/notes", b"{").status == 400
    assert site.client.request("PUT", "/notes", b"{}").status == 405
    assert [site.client.get(path).status for path in ("/none", "/notes/0", "/notes/x", f"/notes/{2**64}")] == [404] * 4


def test_the_page_says_what_it_is_and_what_to_try(site: SiteServer) -> None:
    page = site.client.get("/")
    assert (page.status, page.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    for said in ("<h1>service-django</h1>", 'href="/notes"', 'href="/health"'):
        assert said in page.text
    assert site.client.request("POST", "/", b"").status == 405


def test_a_note_is_cached_and_forgotten_and_read_without_redis(site: SiteServer, redis: Redis) -> None:
    path = site.client.send("POST", "/notes", {"title": "Milk"}).headers["Location"]
    assert [site.client.get(path).headers["X-Cache"] for _ in range(2)] == ["miss", "hit"]
    assert all(key.startswith("service-django:") for key in redis.key_names())
    redis.stop()
    try:
        answer = site.client.get(path)
        assert (answer.status, answer.headers["X-Cache"]) == (200, "miss")
    finally:
        redis.start()
    assert site.client.request("DELETE", path).status == 204
    assert site.client.get(path).status == 404


def test_health_while_postgres_goes_and_comes(site: SiteServer, postgres: Postgres) -> None:
    health = site.client.get("/health")
    assert health.status == 200
    assert {**health.json, "timestamp": ""} == {
        "status": "ok", "timestamp": "", "service": "service-django", "version": "0.1.0", "database": "connected",
    }  # fmt: skip
    assert site.health_command() == 0
    postgres.stop()
    try:
        health = site.client.get("/health")
        assert (health.status, health.json["database"]) == (503, "disconnected")
        assert site.health_command() == 1
        assert site.client.get("/notes").status == 503
    finally:
        postgres.start()
    wait_for("health", lambda: site.health() == 200, 15)
    assert [site.client.get("/notes").status for _ in range(12)] == [200] * 12


def test_a_request_in_flight_is_finished_on_sigterm(site: SiteServer, postgres: Postgres, settings: dict[str, str]) -> None:
    database = Path(settings["DATABASE_URL_FILE"]).read_text().strip().rpartition("/")[2]
    with ThreadPoolExecutor(1) as aside:
        # The lock makes the request wait as long as this test wants.
        with postgres.connect(database) as connection:
            connection.execute("LOCK notes_note IN ACCESS EXCLUSIVE MODE")
            request = aside.submit(site.client.get, "/notes")
            wait_for("the request", lambda: len(postgres.sql(database, "SELECT 1 FROM pg_locks WHERE NOT granted")) == 1)
            site.process.terminate()
            wait_for("the signal's line", lambda: any("Handling signal: term" in line for line in site.printed))
            assert not request.done()
        assert request.result().status == 200
    assert site.process.wait(30) == 0


def test_logs_and_metrics(site: SiteServer) -> None:
    site.client.get("/notes")
    site.client.get("/nowhere")
    metrics = site.metrics()
    assert metrics['http_requests_total{method="GET",route="notes",status="200"}'] == 1
    assert metrics['http_request_duration_seconds_count{method="GET",route="notes"}'] == 1
    assert metrics['http_requests_total{method="GET",route="none",status="404"}'] == 1
    [line] = [line for line in site.log() if line.get("path") == "/notes"]
    assert (line["level"], line["method"], line["status"]) == ("info", "GET", 200)
    assert line["duration_ms"] > 0


def test_wrong_settings_end_the_start(settings: dict[str, str]) -> None:
    status, told = start_and_fail({"LOG_LEVEL": "loud"})
    assert status == 78
    assert [line.partition(":")[0] for line in told.splitlines()] == [
        "DATABASE_URL",
        "REDIS_URL",
        "DJANGO_SECRET_KEY",
        "LOG_LEVEL",
    ]
    told = manage({**settings, "DJANGO_SECRET_KEY": "canary"}, "check", status=78)
    assert told == "DJANGO_SECRET_KEY: DJANGO_SECRET_KEY and DJANGO_SECRET_KEY_FILE are both set; set one of them\n"


def test_the_models_and_the_migrations_agree(settings: dict[str, str]) -> None:
    assert "No changes detected" in manage(settings, "makemigrations", "--check", "--dry-run")
