"""The HTTP server without a port: routes, validation, one log line and one count a request."""

import json
import logging
import os
import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeGuard

from prometheus_client import start_http_server
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service import NAME, VERSION
from service.cache import Cache
from service.database import Database, DatabaseUnavailable
from service.logs import start_logging
from service.metrics import CACHE_READS, DURATIONS, REQUESTS
from service.notes import Notes
from service.settings import Settings, read_settings

BODY_LIMIT = 64 * 1024  # bytes
PAGE = (Path(__file__).parent / "page.html").read_text()
"""What it is, and what to try."""

log = logging.getLogger(__name__)


def create() -> Starlette:
    """The application with the settings of the environment; raises SettingsError."""
    return build(read_settings(os.environ))


def build(settings: Settings) -> Starlette:
    start_logging(settings.log_level)
    database, cache = Database(settings.database_url), Cache(settings.cache)
    api = _Api(database, cache)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        metrics, thread = start_http_server(settings.metrics_port)
        await database.open()
        fields = {"service": NAME, "version": VERSION, "port": settings.port, "cache": settings.cache is not None}
        log.info("started", extra={"fields": fields})
        yield
        await cache.close()
        await database.close()
        metrics.shutdown()
        metrics.server_close()
        thread.join()
        log.info("stopped")

    app = Starlette(
        routes=[
            Route("/", api.page),
            Route("/health", api.health),
            Route("/notes", api.add, methods=["POST"]),
            Route("/notes", api.list),
            Route("/notes/{id}", api.find, methods=["GET"]),
            Route("/notes/{id}", api.remove, methods=["DELETE"]),
        ],
        exception_handlers={HTTPException: _refused, DatabaseUnavailable: _unavailable, 500: _failed},
        lifespan=lifespan,
    )
    app.add_middleware(_Observed)
    return app


class _Api:
    def __init__(self, database: Database, cache: Cache) -> None:
        self._database = database
        self._notes = Notes(database)
        self._cache = cache

    async def page(self, _request: Request) -> Response:
        return HTMLResponse(PAGE)

    async def health(self, _request: Request) -> Response:
        connected = await self._database.answers()
        health = {
            "status": "ok" if connected else "error",
            "timestamp": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "service": NAME,
            "version": VERSION,
            "database": "connected" if connected else "disconnected",
        }
        return JSONResponse(health, 200 if connected else 503)

    async def add(self, request: Request) -> Response:
        title, body = _new_note(await _json(request))
        note = await self._notes.add(title, body)
        return JSONResponse(note, 201, headers={"location": f"/notes/{note['id']}"})

    async def list(self, request: Request) -> Response:
        limit, before = request.query_params.get("limit", "50"), request.query_params.get("before")
        if not re.fullmatch("[0-9]{1,3}", limit) or not 1 <= int(limit) <= 100:
            raise HTTPException(400, "limit must be from 1 to 100")
        if before is not None and _id(before) is None:
            raise HTTPException(400, "before must be the id of a note")
        return JSONResponse({"notes": await self._notes.list(int(limit), int(before) if before else None)})

    async def find(self, request: Request) -> Response:
        id = _known_id(request)
        outcome, value = await self._cache.read(id)
        CACHE_READS.labels(outcome).inc()
        headers = {"x-cache": outcome}
        if value is None:
            note = await self._notes.find(id)
            if note is None:
                raise HTTPException(404, "no such note", headers)
            value = json.dumps(note, ensure_ascii=False)
            await self._cache.fill(id, value)
        if value == "":
            raise HTTPException(404, "no such note", headers)
        return Response(value, media_type="application/json", headers=headers)

    async def remove(self, request: Request) -> Response:
        id = _known_id(request)
        if not await self._notes.remove(id):
            raise HTTPException(404, "no such note")
        await self._cache.forget(id)
        return Response(status_code=204)


def _id(text: str) -> int | None:
    return int(text) if re.fullmatch("[1-9][0-9]{0,17}", text) else None


def _known_id(request: Request) -> int:
    id = _id(request.path_params["id"])
    if id is None:
        raise HTTPException(404, "no such note")
    return id


async def _json(request: Request) -> Any:
    content = bytearray()
    async for chunk in request.stream():
        content += chunk
        if len(content) > BODY_LIMIT:
            raise HTTPException(413, f"body is longer than {BODY_LIMIT} bytes")
    try:
        return json.loads(content)
    except ValueError as error:
        raise HTTPException(400, "body is no JSON") from error


def _new_note(value: Any) -> tuple[str, str]:
    if not isinstance(value, dict) or not value.keys() <= {"title", "body"}:
        raise HTTPException(400, "body must be an object with title and, if wanted, body")
    title, body = value.get("title"), value.get("body", "")
    if not _is_text(title, 1, 200):
        raise HTTPException(400, "body: title must be a text of 1 to 200 characters")
    if not _is_text(body, 0, 10_000):
        raise HTTPException(400, "body: body must be a text of at most 10000 characters")
    return title, body


def _is_text(value: Any, shortest: int, longest: int) -> TypeGuard[str]:
    # Postgres keeps no NUL and no half of a surrogate pair.
    return isinstance(value, str) and shortest <= len(value) <= longest and not re.search("[\0\ud800-\udfff]", value)


async def _refused(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    detail = "no such route" if error.status_code == 404 and error.detail == "Not Found" else error.detail
    return JSONResponse({"error": detail}, error.status_code, headers=error.headers)


async def _unavailable(_request: Request, error: Exception) -> Response:
    log.error("request failed", extra={"fields": {"error": str(error.__cause__)}})
    return JSONResponse({"error": str(error)}, 503)


async def _failed(_request: Request, _error: Exception) -> Response:
    return JSONResponse({"error": "internal error"}, 500)


class _Observed:
    """Counts and logs each request."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status = time.perf_counter(), 500

        async def observed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, observed)
        finally:
            seconds = time.perf_counter() - began
            route = scope["route"].path if "route" in scope else "none"
            REQUESTS.labels(scope["method"], route, status).inc()
            DURATIONS.labels(scope["method"], route).observe(seconds)
            took = round(seconds * 1000)
            fields = {"method": scope["method"], "route": route, "status": status, "milliseconds": took}
            log.log(logging.DEBUG if route == "/health" else logging.INFO, "request", extra={"fields": fields})
