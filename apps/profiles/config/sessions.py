"""Sessions in Redis."""

from typing import Any

from django.contrib.sessions.backends.cache import SessionStore as CacheStore


class SessionStore(CacheStore):
    # The alias `sessions` has a prefix of its own.
    cache_key_prefix = ""

    def load(self) -> dict[str, Any]:
        """As Django's, but Redis being away is an error: Django's takes it for a session that ended, and deletes the cookie."""
        data = self._cache.get(self.cache_key)
        if data is not None:
            return data
        self._session_key = None
        return {}
