import json

import pytest

from site_monitor.settings import SettingsError, Site, read_settings


def told(**variables: str) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        read_settings(variables)
    return str(caught.value).splitlines()


def test_a_whole_check() -> None:
    one = {
        "name": "shop",
        "url": "https://edge:8443/x?y=1",
        "host": "shop.example.com",
        "status": 302,
        "contains": "ä",
        "timeoutSeconds": 2.5,
    }
    settings = read_settings({"SITE_CHECKS": json.dumps([one, {"name": "b", "url": "http://b/"}]), "INTERVAL_SECONDS": "30"})
    assert settings.sites == [
        Site("shop", "https://edge:8443/x?y=1", "shop.example.com", 302, "ä", 2.5),
        Site("b", "http://b/", "", 200, "", 10),
    ]
    assert (settings.interval_seconds, settings.port, settings.metrics_port, settings.data_directory) == (30, 8000, 9090, "/data")


def test_every_mistake_is_named_with_its_place() -> None:
    sites = [
        {"name": "a", "url": "ftp://a", "unknown": 1, "status": "200"},
        {"name": "a", "url": "http://user:canary@a/", "timeoutSeconds": 61},
        {"url": "http://a/\r\nX: y", "host": 5, "status": True},
    ]
    problems = told(SITE_CHECKS=json.dumps(sites), INTERVAL_SECONDS="0", PORT="x")
    assert problems == [
        "INTERVAL_SECONDS: '0' is not a whole number from 1 to 3600",
        "SITE_CHECKS[0].unknown: unknown; allowed are name, url, host, status, contains, timeoutSeconds",
        "SITE_CHECKS[0].url: must be http://HOST/PATH or https://HOST/PATH, without user and password",
        "SITE_CHECKS[0].status: must be a number from 100 to 599",
        "SITE_CHECKS[1].url: must be http://HOST/PATH or https://HOST/PATH, without user and password",
        "SITE_CHECKS[1].timeoutSeconds: must be a number from 0.1 to 60",
        "SITE_CHECKS[2].url: must be a text of one line",
        "SITE_CHECKS[2].name: must be a text of one line",
        "SITE_CHECKS[2].host: must be a text of one line",
        "SITE_CHECKS[2].status: must be a number from 100 to 599",
        "SITE_CHECKS: the name 'a' is there twice",
        "PORT: 'x' is not a whole number from 1 to 65535",
    ]


@pytest.mark.parametrize("text", ["", "[]", "{}", "[1]", "no json", "null"])
def test_something_else_than_a_list_of_sites(text: str) -> None:
    [problem] = told(SITE_CHECKS=text)
    assert problem.startswith("SITE_CHECKS: ")
    assert '[{"name": "shop", "url": "https://shop.example.com/"}]' in problem
