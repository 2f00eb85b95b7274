"""One question, to real servers."""

import time

import pytest
from conftest import Authority, FakeSite, free_port

from site_monitor.check import check
from site_monitor.settings import Site


def test_a_site_that_answers_as_it_should(web: FakeSite) -> None:
    result = check(Site("a", f"{web.url}path?x=1", contains="welc"))
    assert (result.site, result.up, result.reason, result.certificate_end) == ("a", True, "", None)
    assert 0 < result.seconds < 5
    assert abs(result.at - time.time()) < 5
    assert web.paths == ["/path?x=1"]
    assert web.hosts == [web.url.split("/")[2]]


def test_the_host_header_of_a_site_behind_an_edge(web: FakeSite) -> None:
    assert check(Site("a", web.url, host="shop.example.com")).up
    assert web.hosts == ["shop.example.com"]


def test_another_status_or_text(web: FakeSite) -> None:
    assert check(Site("a", web.url, contains="goodbye")).reason == "the expected text is not in the answer"
    web.status = 503
    assert check(Site("a", web.url)).reason == "status 503 instead of 200"
    web.status = 302
    assert check(Site("a", web.url, status=302)).up


def test_nobody_there() -> None:
    assert check(Site("a", f"http://127.0.0.1:{free_port()}/")).reason == "ConnectionRefusedError: [Errno 111] Connection refused"
    assert check(Site("a", "http://nowhere.invalid/")).reason == "no address for nowhere.invalid"


@pytest.mark.parametrize("slow", ["delay", "drip"])
def test_a_slow_site_is_given_up_in_time(web: FakeSite, slow: str) -> None:
    setattr(web, slow, 0.4)
    if slow == "delay":
        web.delay = 5
    begin = time.monotonic()
    assert check(Site("a", web.url, timeout_seconds=1)).reason == "no answer within 1 s"
    assert time.monotonic() - begin < 3


def test_https_with_the_end_of_the_certificate(secure, authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    site = secure("shop.test", days=20)
    result = check(Site("a", site.url, host="shop.test"))
    assert (result.up, result.reason) == (True, "")
    assert site.hosts == ["shop.test"]
    assert result.certificate_end == pytest.approx(time.time() + 20 * 86400, abs=300)


def test_certificates_that_are_wrong(secure, authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    untrusted = check(Site("a", secure("shop.test").url, host="shop.test"))
    assert not untrusted.up
    assert untrusted.reason.startswith("certificate: unable to get")
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    other = check(Site("a", secure("other.test").url, host="shop.test"))
    assert other.reason.startswith("certificate: Hostname mismatch")
    old = check(Site("a", secure("shop.test", begin="20200101000000Z").url, host="shop.test"))
    assert old.reason == "certificate: certificate has expired"


def test_tls_to_a_port_without(web: FakeSite) -> None:
    assert check(Site("a", web.url.replace("http:", "https:"))).reason.startswith("TLS: ")
