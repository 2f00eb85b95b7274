"""Answers to requests that failed."""

import sys
from typing import Any

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.csrf import csrf_failure as csrf_page
from redis import RedisError


def server_error(_request: HttpRequest) -> HttpResponse:
    """503 while the database or Redis is away, else 500. In JSON: a page would need a template, and that the session."""
    away = isinstance(sys.exc_info()[1], (OperationalError, InterfaceError, RedisError))
    if away:
        return JsonResponse({"error": "a part of this site is away; try again soon"}, status=503, headers={"Retry-After": "5"})
    return JsonResponse({"error": "this request failed; it has been logged"}, status=500)


def csrf_failure(request: HttpRequest, reason: str = "", **rest: Any) -> HttpResponse:
    if request.path.startswith("/api/"):
        return JsonResponse({"error": f"refused: {reason} Send the cookie csrftoken's value as X-CSRFToken."}, status=403)
    return csrf_page(request, reason=reason, **rest)
