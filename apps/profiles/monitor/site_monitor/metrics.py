"""The results as metrics."""

from prometheus_client import CollectorRegistry, Counter, Gauge

from site_monitor.check import Result


class Metrics:
    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._up = Gauge("site_up", "1 when the last check found the site well, else 0.", ["site"], registry=self.registry)
        self._seconds = Gauge("site_check_duration_seconds", "Time that the last check took.", ["site"], registry=self.registry)
        self._at = Gauge("site_check_timestamp_seconds", "When the last check began.", ["site"], registry=self.registry)
        self._end = Gauge(
            "site_certificate_expiry_timestamp_seconds", "When the site's certificate ends.", ["site"], registry=self.registry
        )
        self._checks = Counter("site_checks_total", "Checks by result.", ["site", "result"], registry=self.registry)

    def expect(self, site: str) -> None:
        """Both results are there from the begin, so that the first failure is an increase."""
        for result in ("up", "down"):
            self._checks.labels(site, result)

    def set(self, result: Result) -> None:
        self._up.labels(result.site).set(result.up)
        self._seconds.labels(result.site).set(result.seconds)
        self._at.labels(result.site).set(result.at)
        if result.certificate_end is not None:
            self._end.labels(result.site).set(result.certificate_end)
        self._checks.labels(result.site, "up" if result.up else "down").inc()
