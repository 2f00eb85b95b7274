"""Notes over HTTP: `GET /`, `GET /notes`, `POST /notes`, `GET /notes/<id>`, `DELETE /notes/<id>`."""

import json
import logging
import sys
from pathlib import Path
from typing import Any

from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_http_methods, require_safe
from redis import RedisError

from notes.models import Note

log = logging.getLogger("service.notes")

# Notes of a list, and the largest id of Postgres.
LONGEST, HIGHEST = 50, 2**63 - 1
# Seconds that a note is kept in the cache. It never changes, so only its end has to be told.
SECONDS = 60
# What it is, and what to try.
PAGE = (Path(__file__).parent / "page.html").read_text()


@require_safe
def page(_request: HttpRequest) -> HttpResponse:
    return HttpResponse(PAGE)


@require_http_methods(["GET", "HEAD", "POST"])
def notes(request: HttpRequest) -> HttpResponse:
    if request.method != "POST":
        return JsonResponse({"notes": [note.as_data() for note in Note.objects.all()[:LONGEST]]})
    try:
        given: Any = json.loads(request.body)
        # Half of a surrogate pair is JSON, and no text.
        json.dumps(given, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        return refusal(400, "body is no JSON")
    if (
        not isinstance(given, dict)
        or given.keys() - {"title", "body"}
        or not all(isinstance(text, str) for text in given.values())
    ):
        return refusal(400, "body must be an object with the texts title and, if wanted, body")
    note = Note(**given)
    if "\0" in note.title + note.body:
        return refusal(400, "a text must have no NUL")
    try:
        note.full_clean()
    except ValidationError as error:
        return JsonResponse({"error": "some fields are wrong", "fields": error.message_dict}, status=400)
    note.save()
    return JsonResponse(note.as_data(), status=201, headers={"Location": f"/notes/{note.pk}"})


@require_http_methods(["GET", "HEAD", "DELETE"])
def note(request: HttpRequest, number: int) -> HttpResponse:
    if number > HIGHEST:
        raise Http404
    if request.method == "DELETE":
        get_object_or_404(Note, pk=number).delete()
        cached("delete", number)
        return HttpResponse(status=204)
    data = cached("get", number)
    source = "hit" if data is not None else "miss"
    if data is None:
        data = get_object_or_404(Note, pk=number).as_data()
        cached("set", number, data, SECONDS)
    return JsonResponse(data, headers={"X-Cache": source})


def cached(action: str, number: int, *rest: object) -> Any:
    """The cache's answer; None while Redis is away, so that every note then comes from the database."""
    try:
        return getattr(cache, action)(f"note:{number}", *rest)
    except RedisError as error:
        log.warning("the cache is away: %s", type(error).__name__)
        return None


def not_found(_request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001 the name is Django's
    return refusal(404, "not found")


def server_error(_request: HttpRequest) -> HttpResponse:
    if isinstance(sys.exc_info()[1], (OperationalError, InterfaceError)):
        return JsonResponse({"error": "the database is away; try again soon"}, status=503, headers={"Retry-After": "5"})
    return refusal(500, "this request failed; it has been logged")


def refusal(status: int, error: str) -> JsonResponse:
    return JsonResponse({"error": error}, status=status)
