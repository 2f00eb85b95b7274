import json
import time
from urllib.request import urlopen

from conftest import Service, end, wait
from far_end import Answer


def test_one_pass_translates_and_delivers_each_post_once(service: Service) -> None:
    service.run("feeds", "add", "rust", "--lang", "de")
    service.reddit.publish("rust", "a", "b", text="Line 1\n\nLine 2")
    service.reddit.publish("rust", "c", text="")
    service.reddit.publish("rust", "old", age=7200)
    for _ in range(2):
        service.run("monitor", "start", "--once")
    assert sorted(service.webhook.ids) == ["t3_a:DE", "t3_b:DE", "t3_c:DE"]
    assert service.states() == {"delivered": 3}
    received = {request.headers["idempotency-key"]: json.loads(request.body) for request in service.webhook.requests}
    first = received["t3_a:DE"]
    assert (first["title"], first["text"]) == ("<DE>Title a", "<DE>Line 1\n\nLine 2")
    assert first["original"] == {"title": "Title a", "text": "Line 1\n\nLine 2"}
    assert first["url"] == "https://www.reddit.com/r/rust/comments/a/"
    assert received["t3_c:DE"]["text"] == ""
    # One token a pass, and one translation a post.
    assert (len(service.reddit.tokens), len(service.deepl.requests)) == (2, 3)


def test_a_backlog_and_a_second_language_are_posts_of_their_own(service: Service) -> None:
    service.reddit.publish("rust", "old", age=7200)
    service.run("feeds", "add", "r/rust", "--lang", "DE", "--backlog", "3")
    service.run("feeds", "add", "rust", "--lang", "fr")
    service.reddit.publish("rust", "new")
    service.run("monitor", "start", "--once")
    assert sorted(service.webhook.ids) == ["t3_new:DE", "t3_new:FR", "t3_old:DE"]


def test_feeds_are_listed_removed_and_checked(service: Service) -> None:
    service.run("feeds", "add", "rust", "--lang", "DE")
    assert "is watched already" in service.run("feeds", "add", "RUST", "--lang", "de", code=1)
    assert "is no subreddit" in service.run("feeds", "add", "no/way", "--lang", "DE", code=1)
    assert "is no language" in service.run("feeds", "add", "go", "--lang", "German", code=1)
    assert "rust\tDE\tpolled never" in service.run("feeds", "list")
    service.reddit.publish("rust", "a")
    service.run("monitor", "start", "--once")
    service.run("feeds", "remove", "rust", "--lang", "DE")
    assert service.rows("SELECT (SELECT count(*) FROM posts), (SELECT count(*) FROM deliveries)") == [(0, 0)]
    assert "is not watched" in service.run("feeds", "remove", "rust", "--lang", "DE", code=1)


def test_more_posts_than_a_page_are_all_found(service: Service) -> None:
    service.run("feeds", "add", "rust", "--lang", "DE")
    service.reddit.publish("rust", "first")
    service.run("monitor", "start", "--once", DELIVER_SINKS="log")
    service.reddit.publish("rust", *(f"n{number}" for number in range(130)))
    service.run("monitor", "start", "--once", DELIVER_SINKS="log")
    assert service.states() == {"delivered": 131}
    pages = [request.query.get("after") for request in service.reddit.requests if request.path == "/r/rust/new"]
    assert len(pages) == 3


def test_errors_are_retried_with_growing_distance(service: Service) -> None:
    service.run("feeds", "add", "rust", "--lang", "DE")
    service.reddit.publish("rust", "a")
    service.reddit.script = [Answer(500), Answer(502)]
    service.deepl.script = [Answer(500), Answer(200, {}, b"no json")]
    service.webhook.script = [Answer(503)]
    service.run("monitor", "start", "--once")
    assert service.states() == {"delivered": 1}
    assert service.rows("SELECT name, errors FROM services") == [("deepl", 2), ("reddit", 2), ("webhook", 1)]
    first, second, third = (request.at for request in service.deepl.requests)
    assert 1 <= second - first < 3.5
    assert 2 <= third - second < 5.5
    # A translation that was paid for is not asked for again when the webhook fails.
    assert (len(service.deepl.requests), len(service.webhook.requests)) == (3, 2)


def test_retry_after_is_respected_by_the_next_process_too(service: Service) -> None:
    service.run("feeds", "add", "rust", "--lang", "DE")
    service.reddit.publish("rust", "a", "b")
    service.deepl.script = [Answer(429, {"retry-after": "4"})]
    service.run("monitor", "start", "--once", "--patience", "0", code=1)
    assert service.states() == {"seen": 2}
    assert len(service.deepl.requests) == 1
    service.run("monitor", "start", "--once")
    assert service.states() == {"delivered": 2}
    assert service.deepl.requests[1].at - service.deepl.requests[0].at >= 4


def test_a_webhook_that_asks_for_a_pause_gets_it_also_for_posts_that_are_new(service: Service) -> None:
    service.run("feeds", "add", "rust", "--lang", "DE")
    service.reddit.publish("rust", "a", "b", "c")
    service.webhook.script = [Answer(429, {"retry-after": "3"})]
    service.run("monitor", "start", "--once")
    assert service.states() == {"delivered": 3}
    first, second, *_ = (request.at for request in service.webhook.requests)
    assert second - first >= 3
    # Meanwhile the others were translated.
    assert service.deepl.requests[-1].at - first < 3


def test_reddit_is_left_alone_when_it_says_that_no_request_is_left(service: Service) -> None:
    service.run("feeds", "add", "rust", "--lang", "DE")
    service.reddit.publish("rust", "a")
    service.reddit.remaining, service.reddit.reset = "0.0", "3"
    daemon = service.daemon()
    wait(lambda: service.states() == {"delivered": 1})
    wait(lambda: len(service.reddit.requests) >= 3)
    _, first, second = (request.at for request in service.reddit.requests[:3])
    assert second - first >= 3
    assert end(daemon)[0] == 0


def test_a_used_up_quota_or_a_refused_key_stops_the_calls_for_long(service: Service) -> None:
    service.run("feeds", "add", "rust", "--lang", "DE")
    service.reddit.publish("rust", "a", "b")
    service.deepl.script = [Answer(456)]
    service.run("monitor", "start", "--once", "--patience", "1", code=1)
    assert len(service.deepl.requests) == 1
    assert 3500 < service.rows("SELECT paused_until FROM services WHERE name = 'deepl'")[0][0] - time.time() <= 3600
    assert "paused for" in service.run("status")


def test_a_withdrawn_token_is_fetched_anew(service: Service) -> None:
    service.run("feeds", "add", "rust", "--lang", "DE")
    service.reddit.publish("rust", "a")
    daemon = service.daemon()
    wait(lambda: service.states() == {"delivered": 1})
    service.reddit.tokens.append("another")
    service.reddit.publish("rust", "b")
    wait(lambda: service.states() == {"delivered": 2})
    assert end(daemon)[0] == 0


def test_a_subreddit_that_is_gone_does_not_stop_the_others(service: Service) -> None:
    service.run("feeds", "add", "gone", "--lang", "DE")
    service.run("feeds", "add", "rust", "--lang", "DE")
    service.reddit.publish("rust", "a")
    text = service.run("monitor", "start", "--once", code=1)
    assert "reddit: answered 404" in text
    assert service.webhook.ids == ["t3_a:DE"]


def test_every_sink_gets_a_post_and_only_the_one_that_failed_again(service: Service) -> None:
    service.run("feeds", "add", "rust", "--lang", "DE")
    service.reddit.publish("rust", "a", "b")
    (service.data / "delivered.jsonl").write_text('{"cut off')
    service.webhook.script = [Answer(500)]
    text = service.run("monitor", "start", "--once", DELIVER_SINKS="log,file,webhook")
    printed = [json.loads(line) for line in text.splitlines()]
    ids = ["t3_a:DE", "t3_b:DE"]
    assert sorted(line["post"]["id"] for line in printed if line["message"] == "post") == ids
    lines = (service.data / "delivered.jsonl").read_text().splitlines()
    assert sorted(json.loads(line)["id"] for line in lines[1:]) == ids
    assert len(service.webhook.requests) == 3
    assert service.rows("SELECT sink, count(*) FROM deliveries GROUP BY sink") == [
        ("file", 2),
        ("log", 2),
        ("webhook", 2),
    ]


def test_a_long_post_is_sent_in_parts_that_deepl_takes(service: Service) -> None:
    service.run("feeds", "add", "rust", "--lang", "JA")
    service.reddit.publish("rust", "a", text="🦀 crabs\n" * 4444)
    service.run("monitor", "start", "--once")
    assert service.states() == {"delivered": 1}
    assert len(service.deepl.requests) == 2
    text = json.loads(service.webhook.requests[0].body)["text"]
    assert text.replace("<JA>", "") == "🦀 crabs\n" * 4444


def test_metrics_tell_states_errors_and_times(service: Service) -> None:
    service.run("feeds", "add", "rust", "--lang", "DE")
    service.reddit.publish("rust", "a", "b")
    service.deepl.script = [Answer(500)]
    daemon = service.daemon()
    wait(lambda: service.states() == {"delivered": 2})
    service.run("backup")
    with urlopen(f"http://127.0.0.1:{service.metrics_port}/metrics") as response:
        text = response.read().decode()
    found = dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
    assert found['deliver_posts{state="delivered"}'] == "2.0"
    assert found['deliver_posts{state="seen"}'] == "0.0"
    assert found['deliver_api_errors_total{service="deepl"}'] == "1.0"
    for name in ('success_timestamp_seconds{service="webhook"}', "backup_timestamp_seconds"):
        assert abs(float(found[f"deliver_last_{name}"]) - time.time()) < 30
    (backup,) = (service.data / "backups").glob("*.db")
    assert float(found["deliver_last_backup_size_bytes"]) == backup.stat().st_size
    assert found["deliver_database_up"] == "1.0"
    assert end(daemon)[0] == 0


def test_no_secret_is_logged(service: Service) -> None:
    service.run("feeds", "add", "rust", "--lang", "DE")
    service.reddit.publish("rust", "a")
    service.reddit.script = [Answer(500)]
    service.webhook.script = [Answer(404)]
    text = service.run("monitor", "start", "--once", LOG_LEVEL="debug")
    assert "answered 404" in text
    assert "canary" not in text
    assert all(json.loads(line)["timestamp"].endswith("Z") for line in text.splitlines())
