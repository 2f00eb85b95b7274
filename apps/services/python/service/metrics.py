"""What Prometheus reads. A route is the pattern, never the path, so that ids make no new series."""

from prometheus_client import Counter, Histogram

REQUESTS = Counter("http_requests", "Answered requests.", ["method", "route", "status"])
DURATIONS = Histogram("http_request_duration_seconds", "Time from request to answer.", ["method", "route"])
CACHE_READS = Counter("cache_reads", "Reads of the cache by outcome.", ["outcome"])
