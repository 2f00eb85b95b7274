"""Status page and health."""

import json
import logging
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from site_monitor import VERSION
from site_monitor.history import History
from site_monitor.page import now, status_data, status_page
from site_monitor.rounds import Rounds
from site_monitor.settings import Settings

log = logging.getLogger("monitor.server")


class StatusServer(ThreadingHTTPServer):
    # Requests in flight are finished when it closes.
    daemon_threads = False

    def __init__(self, settings: Settings, history: History, rounds: Rounds) -> None:
        self.settings = settings
        self.history = history
        self.rounds = rounds
        super().__init__(("0.0.0.0", settings.port), Handler)  # noqa: S104 it serves the container's networks

    def handle_error(self, *_: object) -> None:
        """One JSON line, and none where the other side went away first."""
        if not isinstance(sys.exc_info()[1], OSError):
            log.exception("a request failed")

    def health(self) -> tuple[int, dict[str, Any]]:
        database, on_time = self.history.answers(), self.rounds.on_time()
        well = database and on_time
        return (200 if well else 503), {
            "status": "ok" if well else "error",
            "timestamp": now(),
            "service": "monitor",
            "version": VERSION,
            "database": "connected" if database else "disconnected",
            "checks": "on time" if on_time else "late",
        }


class Handler(BaseHTTPRequestHandler):
    server: StatusServer
    # Seconds of an idle connection.
    timeout = 10

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if path in ("/health", "/health/"):
            status, body = self.server.health()
            self._answer(status, "application/json", json.dumps(body))
        elif path == "/status.json":
            self._answer(200, "application/json", json.dumps({"sites": status_data(self.server.settings, self.server.history)}))
        elif path == "/":
            self._answer(200, "text/html; charset=utf-8", status_page(self.server.settings, self.server.history))
        else:
            self._answer(404, "text/plain", "not found\n")

    def do_HEAD(self) -> None:
        self.do_GET()

    def _answer(self, status: int, kind: str, text: str) -> None:
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def version_string(self) -> str:
        return "monitor"

    def log_message(self, *_: object) -> None:
        """Its own log is of checks; Traefik's has the requests."""
