"""/health: whether requests may come, which they may while the database answers."""

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime

from django.db import Error, connection
from django.http import HttpRequest, HttpResponse, JsonResponse

from config import NAME, VERSION

# Seconds; Traefik gives up after 2.
PATIENCE = 1.0


class DatabaseProbe:
    """Asks the database in a thread of its own, so that one that hangs keeps no request waiting."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: Future[bool] | None = None
        self._executor: ThreadPoolExecutor | None = None

    def answers(self) -> bool:
        """True when the database answers within PATIENCE. One question at a time: late askers share the answer."""
        with self._lock:
            if self._executor is None:
                # Made by the first question, which is after the fork of the worker.
                self._executor = ThreadPoolExecutor(1, "health")
            if self._running is None or self._running.done():
                self._running = self._executor.submit(self._ask)
            running = self._running
        try:
            return running.result(PATIENCE)
        except TimeoutError:
            return False

    @staticmethod
    def _ask() -> bool:
        # Django closes connections that have gone at the begin and end of requests only.
        try:
            connection.close_if_unusable_or_obsolete()
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1")
        except Error:
            connection.close()
            return False
        return True


class HealthMiddleware:
    """Answers /health and /health/ for any host name, without a session."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response
        self._database = DatabaseProbe()

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path not in ("/health", "/health/"):
            return self._get_response(request)
        well = self._database.answers()
        body = {
            "status": "ok" if well else "error",
            "timestamp": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "service": NAME,
            "version": VERSION,
            "database": "connected" if well else "disconnected",
        }
        return JsonResponse(body, status=200 if well else 503, headers={"Cache-Control": "no-store"})
