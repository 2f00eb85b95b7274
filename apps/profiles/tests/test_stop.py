"""SIGTERM."""

import time
from concurrent.futures import ThreadPoolExecutor

from services import wait_for
from site_server import SiteServer


def test_requests_in_flight_are_finished(own_site: SiteServer) -> None:
    with ThreadPoolExecutor(4) as visitors:
        slow = [visitors.submit(own_site.client.get, "/trial/slow?ms=5000") for _ in range(4)]
        time.sleep(2)
        own_site.process.terminate()
        time.sleep(0.5)
        assert not any(answer.done() for answer in slow)
        assert [answer.result().json for answer in slow] == [{"slept": 5000}] * 4
    assert own_site.process.wait(30) == 0
    assert [line["status"] for line in own_site.log() if line.get("route") == "trial/slow"] == [200] * 4


def test_an_idle_server_ends_at_once_and_leaves_no_process(own_site: SiteServer) -> None:
    begin = time.monotonic()
    assert own_site.stop() == 0
    assert time.monotonic() - begin < 15
    # The server of the metrics is a process of its own.
    wait_for("the end of the metrics", lambda: not answers(own_site), 30)


def answers(site: SiteServer) -> bool:
    try:
        site.metrics()
    except OSError:
        return False
    return True
