"""Settings from the environment."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit


class SettingsError(Exception):
    """One or more wrong settings, a line for each."""


@dataclass(frozen=True)
class Site:
    """What is asked and what must come back. A redirect is an answer like any other; it is not followed."""

    name: str
    url: str
    # Host header, and the name in TLS, where the address in `url` is another.
    host: str = ""
    status: int = 200
    # Text within the first mebibyte of the answer.
    contains: str = ""
    timeout_seconds: float = 10


@dataclass(frozen=True)
class Settings:
    sites: list[Site]
    interval_seconds: int
    port: int
    metrics_port: int
    # Where the results of the last 24 hours are.
    data_directory: str


def read_settings(variables: Mapping[str, str] = os.environ) -> Settings:
    """Raises SettingsError with everything that is wrong."""
    problems: list[str] = []
    interval = _integer(variables, "INTERVAL_SECONDS", 60, (1, 3600), problems)
    settings = Settings(
        sites=_sites(variables.get("SITE_CHECKS", ""), interval, problems),
        interval_seconds=interval,
        port=_integer(variables, "PORT", 8000, (1, 65535), problems),
        metrics_port=_integer(variables, "METRICS_PORT", 9090, (1, 65535), problems),
        data_directory=variables.get("DATA_DIRECTORY") or "/data",
    )
    if problems:
        raise SettingsError("\n".join(problems))
    return settings


def _integer(variables: Mapping[str, str], name: str, default: int, bounds: tuple[int, int], problems: list[str]) -> int:
    text = variables.get(name, "").strip()
    if not text:
        return default
    if text.isascii() and text.isdecimal() and len(text) < 10 and bounds[0] <= int(text) <= bounds[1]:
        return int(text)
    problems.append(f"{name}: {text!r} is not a whole number from {bounds[0]} to {bounds[1]}")
    return default


def _sites(text: str, interval: int, problems: list[str]) -> list[Site]:
    form = 'a JSON list of objects, for example [{"name": "shop", "url": "https://shop.example.com/"}]'
    if not text.strip():
        problems.append(f"SITE_CHECKS: required; {form}")
        return []
    try:
        given = json.loads(text)
    except ValueError as error:
        problems.append(f"SITE_CHECKS: no JSON ({error}); {form}")
        return []
    if not isinstance(given, list) or not 0 < len(given) <= 100 or not all(isinstance(one, dict) for one in given):
        problems.append(f"SITE_CHECKS: must be, with 1 to 100 of them, {form}")
        return []
    sites = [_site(f"SITE_CHECKS[{index}]", one, interval, problems) for index, one in enumerate(given)]
    names = [site.name for site in sites]
    problems.extend(f"SITE_CHECKS: the name {name!r} is there twice" for name in sorted({n for n in names if names.count(n) > 1}))
    return sites


def _site(place: str, given: dict[str, Any], interval: int, problems: list[str]) -> Site:
    def text(key: str, *, required: bool = False) -> str:
        value = given.get(key, "")
        if not isinstance(value, str) or (required and not value) or "\n" in value or "\r" in value:
            problems.append(f"{place}.{key}: must be a text of one line")
            return ""
        return value

    def number(key: str, default: float, bounds: tuple[float, float], kinds: tuple[type, ...]) -> Any:
        value = given.get(key, default)
        if isinstance(value, bool) or not isinstance(value, kinds) or not bounds[0] <= value <= bounds[1]:
            problems.append(f"{place}.{key}: must be a number from {bounds[0]} to {bounds[1]}")
            return default
        return value

    allowed = ("name", "url", "host", "status", "contains", "timeoutSeconds")
    problems.extend(f"{place}.{key}: unknown; allowed are {', '.join(allowed)}" for key in given if key not in allowed)
    url = text("url", required=True)
    if url and not _is_address(url):
        problems.append(f"{place}.url: must be http://HOST/PATH or https://HOST/PATH, without user and password")
    return Site(
        name=text("name", required=True),
        url=url,
        host=text("host"),
        status=number("status", 200, (100, 599), (int,)),
        contains=text("contains"),
        # A check that outlasts the interval would meet the next one.
        timeout_seconds=number("timeoutSeconds", min(10, interval), (0.1, interval), (int, float)),
    )


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return False
    well = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.username is None and port != 0
    return well and url.isascii() and not any(letter.isspace() for letter in url)
