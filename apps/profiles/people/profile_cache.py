"""Profiles in the cache, which is out of date for nobody who has just changed one.

A profile is kept under a token that a change throws away. A reader that read the database before the change can only
fill the old token's place, which nobody asks for again. While Redis is away every profile comes from the database.
"""

import logging
import uuid
from collections.abc import Callable
from typing import Any

from django.core.cache import cache
from prometheus_client import Counter
from redis import RedisError

log = logging.getLogger("profiles.cache")

READS = Counter("profiles_cache_reads_total", "Profiles asked of the cache.", ["result"])

# Seconds that a profile is kept; also how long one may be old that was changed while Redis was away.
SECONDS = 60


def cached_profile(slug: str, load: Callable[[], dict[str, Any]]) -> tuple[dict[str, Any], str]:
    """The profile and where it came from: `hit`, `miss`, or `away` where Redis does not answer."""
    try:
        token = cache.get_or_set(_token_key(slug), lambda: uuid.uuid4().hex, timeout=None)
        key = f"profile:{slug}:{token}"
        profile = cache.get(key)
    except RedisError as error:
        return load(), _read("away", error)
    if profile is not None:
        return profile, _read("hit")
    profile = load()
    try:
        cache.set(key, profile, SECONDS)
    except RedisError as error:
        return profile, _read("away", error)
    return profile, _read("miss")


def forget_profile(slug: str) -> None:
    """To be called when the change is committed."""
    try:
        cache.delete(_token_key(slug))
    except RedisError as error:
        _read("away", error)


def _token_key(slug: str) -> str:
    return f"token:{slug}"


def _read(result: str, error: RedisError | None = None) -> str:
    READS.labels(result).inc()
    if error is not None:
        log.warning("the cache is away: %s", type(error).__name__)
    return result
