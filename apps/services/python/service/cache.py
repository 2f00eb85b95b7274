"""Notes in Redis, as JSON."""

import logging
from typing import Literal

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from service.settings import CacheSettings

type Outcome = Literal["hit", "miss", "error", "off"]
"""How a read ended: found, not found, Redis away, no Redis configured."""

LIFETIME = 60  # seconds

log = logging.getLogger(__name__)


class Cache:
    """Without Redis every read is a miss: no method raises, and none waits longer than about 250 ms.

    A removed note leaves an empty value behind, and a read fills only what has no value. So a slow reader can't bring
    a note back that was removed while it read. When Redis is away during the removal, the note stays for at most 60 s.
    """

    def __init__(self, settings: CacheSettings | None) -> None:
        self._prefix = settings.prefix if settings else ""
        self._available = True
        self._client: Redis | None = None
        if settings:
            self._client = Redis.from_url(
                settings.url,
                decode_responses=True,
                socket_connect_timeout=0.25,
                socket_timeout=0.25,
                retry=Retry(NoBackoff(), 0),
            )

    async def close(self) -> None:
        if self._client:
            await self._client.aclose()

    async def read(self, id: int) -> tuple[Outcome, str | None]:
        """The value is "" where the note was removed."""
        if self._client is None:
            return "off", None
        try:
            value = await self._client.get(self._key(id))
        except (RedisError, OSError) as error:
            self._told(error)
            return "error", None
        self._told(None)
        return ("miss", None) if value is None else ("hit", str(value))

    async def fill(self, id: int, value: str) -> None:
        await self._set(id, value, only_new=True)

    async def forget(self, id: int) -> None:
        await self._set(id, "", only_new=False)

    async def _set(self, id: int, value: str, *, only_new: bool) -> None:
        if self._client is None:
            return
        try:
            await self._client.set(self._key(id), value, ex=LIFETIME, nx=only_new)
        except (RedisError, OSError) as error:
            self._told(error)

    def _key(self, id: int) -> str:
        return f"{self._prefix}note:{id}"

    def _told(self, error: Exception | None) -> None:
        """One line when Redis goes, and one when it is back; not one a request."""
        if error is not None and self._available:
            log.warning("cache unavailable", extra={"fields": {"error": str(error)}})
        if error is None and not self._available:
            log.info("cache available again")
        self._available = error is None
