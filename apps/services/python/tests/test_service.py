"""The service from outside, with a real Postgres and a real Redis. The tests build on each other, in this order."""

import http.client
import json
import re
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest
from servers import Postgres, Redis, Service, begin, command, eventually, listens

postgres, redis = Postgres(), Redis()
environment = {
    "DATABASE_URL": postgres.url,
    "REDIS_URL": redis.url,
    "REDIS_PREFIX": "service-python:",
    "VERSION": "1.2.3",
}


@pytest.fixture(scope="module", autouse=True)
def parts() -> Iterator[None]:
    postgres.create()
    redis.start()
    yield
    postgres.stop()
    redis.stop()


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("secrets")
    (folder / "database-url").write_text(f"{postgres.url}\n")
    (folder / "redis-url").write_text(redis.url)
    files = {"DATABASE_URL_FILE": f"{folder}/database-url", "REDIS_URL_FILE": f"{folder}/redis-url"}
    service = Service({name: environment[name] for name in ("REDIS_PREFIX", "VERSION")} | files)
    yield service
    service.process.kill()


def send(method: str, path: str, body: Any = None, port: int = 53_000) -> SimpleNamespace:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request(method, path, None if body is None else json.dumps(body))
    response = connection.getresponse()
    text = response.read().decode()
    connection.close()
    is_json = response.headers.get_content_type() == "application/json"
    return SimpleNamespace(
        status=response.status, headers=response.headers, text=text, json=json.loads(text) if is_json else None
    )


def add(title: str) -> Any:
    return send("POST", "/notes", {"title": title}).json


def sql(text: str) -> Any:
    with psycopg.connect(postgres.url, autocommit=True) as connection:
        cursor = connection.execute(text.encode())
        return cursor.fetchall() if cursor.description else None


def test_two_migrations_at_once_one_works_the_other_waits_and_finds_nothing_to_do() -> None:
    runs = [end() for end in [begin(["service", "migrate"], environment) for _ in range(2)]]
    assert [run.returncode for run in runs] == [0, 0], [run.stdout for run in runs]
    assert sorted(len(json.loads(run.stdout)["applied"]) for run in runs) == [0, 3]


def test_a_third_migration_changes_nothing_and_leaves_a_newer_images_alone() -> None:
    sql("INSERT INTO schema_migrations (name) VALUES ('9999_of_a_newer_image.sql')")
    run = command(["service", "migrate"], environment)
    assert run.returncode == 0, run.stdout
    assert json.loads(run.stdout)["applied"] == []
    assert sql("SELECT count(*) FROM schema_migrations") == [(4,)]


def test_wrong_settings_stop_the_start_with_78_and_all_names_and_show_no_secret() -> None:
    wrong = {
        "PORT": "x",
        "LOG_LEVEL": "loud",
        "DATABASE_URL": "mysql://canary:canary@db/canary",
        "REDIS_URL": "redis://canary@cache",
    }
    run = command(["service", "serve"], wrong)
    assert run.returncode == 78
    for name in ("PORT", "LOG_LEVEL", "DATABASE_URL", "REDIS_PREFIX"):
        assert re.search(f"^  {name}: .*allowed", run.stdout, re.MULTILINE), run.stdout
    assert "canary" not in run.stdout


def test_a_missing_database_a_file_that_is_not_there_and_both_forms_at_once_are_told_by_name() -> None:
    assert "DATABASE_URL: is missing; set it, or DATABASE_URL_FILE" in command(["service", "migrate"], {}).stdout
    assert re.search(
        "DATABASE_URL_FILE: .*/none .No such file", command(["service"], {"DATABASE_URL_FILE": "/none"}).stdout
    )
    both = command(["service"], {**environment, "DATABASE_URL_FILE": "/none"})
    assert "DATABASE_URL: is set, and DATABASE_URL_FILE too" in both.stdout


def test_it_starts_with_the_secrets_in_files_and_health_tells_the_image_and_the_database(service: Service) -> None:
    response = send("GET", "/health")
    assert response.status == 200
    timestamp = datetime.fromisoformat(response.json.pop("timestamp"))
    assert response.json == {"status": "ok", "service": "service-python", "version": "1.2.3", "database": "connected"}
    assert abs(timestamp.timestamp() - time.time()) < 5


def test_the_page_says_what_it_is_and_what_to_try(service: Service) -> None:
    page = send("GET", "/")
    assert (page.status, page.headers.get_content_type()) == (200, "text/html")
    for said in ("<h1>service-python</h1>", 'href="/notes"', 'href="/health"'):
        assert said in page.text


def test_many_who_ask_for_its_health_at_once_are_all_answered(service: Service) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: send("GET", "/health").status, range(800)))
    assert set(answers) == {200}


def test_a_note_is_added_read_listed_and_removed(service: Service) -> None:
    created = send("POST", "/notes", {"title": "First", "body": "Ünïcode 🙂"})
    note = created.json
    assert (created.status, created.headers["location"]) == (201, f"/notes/{note['id']}")
    assert (note["title"], note["body"]) == ("First", "Ünïcode 🙂")
    second = add("Second")
    assert send("GET", f"/notes/{note['id']}").json == note
    assert send("GET", "/notes?limit=2").json == {"notes": [second, note]}
    assert send("GET", f"/notes?before={second['id']}").json == {"notes": [note]}
    assert [send("DELETE", f"/notes/{note['id']}").status for _ in range(2)] == [204, 404]
    assert send("GET", f"/notes/{note['id']}").status == 404


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        {"title": ""},
        {"title": 5},
        {"title": "x" * 201},
        {"title": "a\0b"},
        {"title": "\ud800"},
        {"title": "x", "color": "red"},
    ],
)
def test_what_is_no_note_is_refused_with_the_reason(service: Service, body: Any) -> None:
    response = send("POST", "/notes", body)
    assert response.status == 400
    assert response.json["error"].startswith("body")


def test_what_is_too_long_or_not_there_is_refused(service: Service) -> None:
    assert send("POST", "/notes", {"title": "x", "body": "x" * 70_000}).status == 413
    for path in ("/notes/x", "/notes/0", "/notes/99999999999999999999", "/none"):
        assert send("GET", path).status == 404, path
    assert send("GET", "/notes?limit=1000").status == 400


def test_the_second_read_comes_from_the_cache_and_a_removal_reaches_it(service: Service) -> None:
    id = add("cached")["id"]
    assert send("GET", f"/notes/{id}").headers["x-cache"] == "miss"
    sql(f"UPDATE notes SET title = 'changed' WHERE id = {id}")
    second = send("GET", f"/notes/{id}")
    assert (second.headers["x-cache"], second.json["title"]) == ("hit", "cached")
    send("DELETE", f"/notes/{id}")
    assert send("GET", f"/notes/{id}").status == 404


def test_with_redis_silent_or_gone_reads_come_from_the_database_and_later_from_the_cache(
    service: Service,
) -> None:
    id = add("fall-back")["id"]
    for make_away in (redis.silence, redis.stop):
        make_away()
        began = time.monotonic()
        response = send("GET", f"/notes/{id}")
        assert (response.status, response.headers["x-cache"]) == (200, "error")
        assert time.monotonic() - began < 1.5
    assert send("DELETE", f"/notes/{add('removed')['id']}").status == 204
    assert send("GET", "/health").status == 200
    redis.start()
    eventually("the cache answers", lambda: send("GET", f"/notes/{id}").headers["x-cache"] == "hit")


def test_while_postgres_is_silent_health_is_503_within_3_s(service: Service) -> None:
    postgres.signal(signal.SIGSTOP)
    began = time.monotonic()
    responses = [send("GET", "/health").status for _ in range(2)]
    took = time.monotonic() - began
    postgres.signal(signal.SIGCONT)
    assert (responses, took < 6) == ([503, 503], True), (responses, took)
    eventually("/health is 200", lambda: send("GET", "/health").status == 200)


def test_without_postgres_health_and_requests_are_503_and_200_again_after(service: Service) -> None:
    postgres.stop()
    began = time.monotonic()
    response = send("GET", "/health")
    assert time.monotonic() - began < 3
    assert (response.status, response.json["status"], response.json["database"]) == (503, "error", "disconnected")
    assert command(["service.health"], {"PORT": "53000"}).returncode == 1
    assert send("GET", "/notes").status == 503
    # As long as a pool's tries to reconnect would take to grow rare.
    time.sleep(8)
    postgres.start()
    eventually("/health is 200", lambda: send("GET", "/health").status == 200, 5)
    assert command(["service.health"], {"PORT": "53000"}).returncode == 0
    assert send("GET", "/notes").status == 200


def test_requests_are_counted_by_route_and_status_with_their_durations(service: Service) -> None:
    text = send("GET", "/metrics", port=service.metrics_port).text
    for line in (
        r'http_requests_total{method="POST",route="/notes",status="201"} \d+',
        r'http_requests_total{method="GET",route="/notes/{id}",status="404"} \d+',
        r'http_requests_total{method="GET",route="/health",status="503"} \d+',
        r'http_requests_total{method="GET",route="none",status="404"} \d+',
        r'http_request_duration_seconds_bucket{le="0.1",method="GET",route="/notes"} \d+',
        r'cache_reads_total{outcome="hit"} \d+',
        r'cache_reads_total{outcome="error"} \d+',
    ):
        assert re.search(f"^{line}", text, re.MULTILINE), f"{line} in {text}"
    assert send("GET", "/metrics").status == 404


def test_on_sigterm_a_slow_request_is_finished_and_the_exit_code_is_0(service: Service) -> None:
    answers: list[SimpleNamespace] = []
    slow = threading.Thread(target=lambda: answers.append(send("POST", "/notes", {"title": "slow"})))
    # The lock keeps the request waiting as long as this test wants.
    with psycopg.connect(postgres.url) as connection:
        connection.execute("LOCK TABLE notes IN ACCESS EXCLUSIVE MODE")
        slow.start()
        eventually("the request waits", lambda: len(sql("SELECT 1 FROM pg_locks WHERE NOT granted")) == 1)
        kept = http.client.HTTPConnection("127.0.0.1", service.port, timeout=30)

        def ask() -> tuple[int, bool]:
            kept.request("GET", "/none")
            answer = kept.getresponse()
            answer.read()
            return answer.status, answer.will_close

        assert ask() == (404, False)
        service.process.terminate()
        # What is closed under a request on its way loses it: the answer says that it is the last one.
        eventually("an answer closes the connection", lambda: ask() == (404, True))
        eventually("no new connection is taken", lambda: not listens(service.port))
    slow.join(10)
    assert [answer.status for answer in answers] == [201]
    assert service.process.wait(10) == 0


def test_every_line_of_the_log_is_one_json_object_with_time_level_and_message(service: Service) -> None:
    lines = [json.loads(line) for line in service.output.splitlines()]
    for line in lines:
        assert line["timestamp"] and line["level"] and line["message"], line
    assert any(line.get("route") == "/notes" and line.get("status") == 201 for line in lines)
    assert any(line["message"] == "stopped" for line in lines)


def test_without_redis_url_it_works_uncached() -> None:
    service = Service({"DATABASE_URL": postgres.url})
    assert send("GET", f"/notes/{add('uncached')['id']}").headers["x-cache"] == "off"
    assert service.stop() == 0
