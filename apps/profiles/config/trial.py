"""Requests that take a given time, or fail, on a developer's machine and in tests."""

import time

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path


def slow(request: HttpRequest) -> HttpResponse:
    """/trial/slow?ms=: answers after 0 to 10000 ms."""
    text = request.GET.get("ms", "0")
    milliseconds = min(int(text), 10_000) if text.isascii() and text.isdecimal() else 0
    time.sleep(milliseconds / 1000)
    return JsonResponse({"slept": milliseconds})


def fail(_request: HttpRequest) -> HttpResponse:
    raise RuntimeError("failed on purpose")


urlpatterns = [path("slow", slow), path("fail", fail)]
