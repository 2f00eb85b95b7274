"""Logs and metrics."""

from concurrent.futures import ThreadPoolExecutor

from site_server import SiteServer


def test_each_line_is_json_and_a_request_has_time_and_status(own_site: SiteServer) -> None:
    own_site.client.get("/people/nobody/?secret=canary", X_Request_Id="id-1")
    own_site.client.get("/trial/fail")
    own_site.client.get("/accounts/reset/MQ/canary-token/")
    lines = own_site.log()
    [request] = [line for line in lines if line.get("request_id") == "id-1"]
    assert (request["level"], request["logger"], request["method"], request["status"]) == ("info", "profiles.request", "GET", 404)
    assert (request["path"], request["route"]) == ("/people/nobody/", "people/<slug:slug>/")
    assert 0 < request["duration_ms"] < 5000
    [error] = [line for line in lines if line["level"] == "error"]
    assert "RuntimeError: failed on purpose" in error["exception"]
    assert [line["status"] for line in lines if line.get("path") == "/trial/fail"] == [500]
    assert "canary" not in "".join(own_site.printed)
    assert not [line for line in lines if line.get("route") == "health"]


def test_metrics_count_the_requests_of_all_workers(own_site: SiteServer) -> None:
    with ThreadPoolExecutor(8) as visitors:
        list(visitors.map(lambda _: own_site.client.get("/trial/slow?ms=100"), range(40)))
    own_site.client.get("/trial/fail")
    own_site.client.get("/people/nobody/")
    own_site.client.get("/nowhere/at/all")
    metrics = own_site.metrics()
    slow = 'method="GET",route="trial/slow"'
    assert metrics[f'http_requests_total{{{slow},status="200"}}'] == 40
    assert metrics[f"http_request_duration_seconds_count{{{slow}}}"] == 40
    assert metrics[f"http_request_duration_seconds_sum{{{slow}}}"] > 4
    assert metrics[f'http_request_duration_seconds_bucket{{le="0.05",{slow}}}'] == 0
    assert metrics['http_errors_total{route="trial/fail"}'] == 1
    assert metrics['http_requests_total{method="GET",route="people/<slug:slug>/",status="404"}'] == 1
    assert metrics['http_requests_total{method="GET",route="none",status="404"}'] == 1
    assert metrics['profiles_build_info{version="1.0.0"}'] == 1
    assert metrics['http_requests_total{method="GET",route="health",status="200"}'] >= 1


def test_two_workers_share_the_load(own_site: SiteServer) -> None:
    started = [line["message"] for line in own_site.log() if line["logger"] == "gunicorn.error"]
    assert len([text for text in started if text.startswith("Booting worker with pid")]) == 2
    assert [text for text in started if text.startswith("Using worker: gthread")]


def test_the_metrics_are_on_no_other_port(site: SiteServer) -> None:
    assert site.client.get("/metrics").status == 404
