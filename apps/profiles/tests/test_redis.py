"""Sessions and profiles in Redis."""

from services import Redis, wait_for
from site_server import SiteServer

ADA = {"name": "Ada", "slug": "ada"}


def test_a_session_is_in_redis_and_outlives_the_server(own_site: SiteServer, redis: Redis, start) -> None:
    redis.admin.flushall()
    ada = own_site.client.login("ada")
    key = f"profiles:session:1:{ada.cookie('sessionid')}"
    assert redis.key_names() == [key]
    assert redis.admin.ttl(key) > 1_000_000
    assert own_site.stop() == 0
    ada.port = start(own_site.settings).port
    assert ada.get("/api/session/").json["user"] == "ada"


def test_a_profile_is_read_once_and_then_from_the_cache(site: SiteServer, redis: Redis) -> None:
    ada = site.client.login("ada")
    ada.send("POST", "/api/people/", ADA)
    redis.admin.flushall()
    sources = [site.client.get("/people/ada/").headers["X-Cache"] for _ in range(3)]
    assert sources == ["miss", "hit", "hit"]
    assert site.client.get("/api/people/ada/").headers["X-Cache"] == "hit"
    assert [key.partition(":1:")[0] for key in redis.key_names()] == ["profiles:page", "profiles:page"]
    assert 0 < redis.admin.ttl(next(key for key in redis.key_names() if ":profile:" in key)) <= 60


def test_a_change_is_seen_at_once(site: SiteServer) -> None:
    ada = site.client.login("ada")
    ada.send("POST", "/api/people/", ADA)
    site.client.get("/people/ada/")
    ada.send("PATCH", "/api/people/ada/", {"name": "Changed"})
    seen = site.client.get("/people/ada/")
    assert "Changed" in seen.text
    assert seen.headers["X-Cache"] == "miss"
    ada.get("/people/ada/edit/")
    ada.post("/people/ada/edit/", {"name": "Moved", "slug": "ada2"})
    assert site.client.get("/people/ada/").status == 404
    assert "Moved" in site.client.get("/people/ada2/").text


def test_a_refused_change_leaves_the_cache(site: SiteServer) -> None:
    ada = site.client.login("ada")
    ada.send("POST", "/api/people/", ADA)
    site.client.get("/people/ada/")
    assert ada.send("PATCH", "/api/people/ada/", {"name": ""}).status == 400
    assert site.client.get("/people/ada/").headers["X-Cache"] == "hit"


def test_without_redis_visitors_still_read_and_sessions_come_back(site: SiteServer, redis: Redis) -> None:
    ada = site.client.login("ada")
    ada.send("POST", "/api/people/", ADA)
    redis.stop()
    try:
        seen = site.client.get("/people/ada/")
        assert (seen.status, seen.headers["X-Cache"]) == (200, "away")
        assert site.client.get("/").status == 200
        refused = ada.get("/")
        assert (refused.status, refused.headers["Retry-After"]) == (503, "5")
        assert site.health() == 200
    finally:
        redis.start()
    wait_for("the session", lambda: ada.get("/api/session/").status == 200, 15)
    assert ada.get("/api/session/").json["user"] == "ada"
    assert site.client.get("/people/ada/").headers["X-Cache"] in ("hit", "miss")
    away = 'profiles_cache_reads_total{result="away"}'
    assert site.metrics().get(away, 0) >= 1, site.metrics()
