"""One log line and the metrics of each request."""

import logging
import time
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from prometheus_client import Counter, Gauge, Histogram

from config import VERSION

log = logging.getLogger("service.request")

REQUESTS = Counter("http_requests_total", "Answered requests.", ["method", "route", "status"])
DURATION = Histogram(
    "http_request_duration_seconds",
    "Time from request to answer.",
    ["method", "route"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)
ERRORS = Counter("http_errors_total", "Requests answered with 500 or more.", ["route"])
BUILD = Gauge("service_build_info", "Always 1.", ["version"], multiprocess_mode="max")
BUILD.labels(VERSION).set(1)

_methods = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class ObservationMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        start = time.perf_counter()
        response = self._get_response(request)
        seconds = time.perf_counter() - start
        # The pattern, not the path: a label for each note would grow without end.
        route = route_of(request)
        method = request.method if request.method in _methods else "other"
        REQUESTS.labels(method, route, response.status_code).inc()
        DURATION.labels(method, route).observe(seconds)
        if response.status_code >= 500:
            ERRORS.labels(route).inc()
        # Asked each second by Traefik.
        level = logging.DEBUG if route == "health" and response.status_code == 200 else logging.INFO
        log.log(
            level,
            "%s %s",
            request.method,
            request.path,
            extra={
                "method": request.method,
                "path": request.path,
                "route": route,
                "status": response.status_code,
                "duration_ms": round(seconds * 1000, 1),
                "request_id": request.headers.get("X-Request-Id", "")[:64],
            },
        )
        return response


def route_of(request: HttpRequest) -> str:
    """Pattern of the address, `health`, or `none` where nothing answers to it."""
    if request.resolver_match is not None:
        return request.resolver_match.route or "/"
    if request.path in ("/health", "/health/"):
        return "health"
    return "none"
