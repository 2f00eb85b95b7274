"""Django's cache in Redis, for a user that may touch keys of one prefix only."""

import functools
from typing import Any

from django.core.cache.backends.redis import RedisCache, RedisCacheClient
from redis.backoff import NoBackoff
from redis.retry import Retry


def key(name: str, prefix: str, version: int) -> str:
    """`<prefix><version>:<name>`."""
    return f"{prefix}{version}:{name}"


class Client(RedisCacheClient):
    def __init__(self, servers: list[str], **options: Any) -> None:
        # One more try finds a connection that Redis has closed; the client's own would wait up to 10 s before the last.
        super().__init__(servers, retry=Retry(NoBackoff(), 1), **options)


class Cache(RedisCache):
    def __init__(self, server: str, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self._class = Client

    @functools.cached_property
    def _cache(self) -> RedisCacheClient:
        return self._class(self._servers, **self._options)
