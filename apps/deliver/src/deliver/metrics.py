"""Metrics for Prometheus, read from the database and the backups at each scrape: other processes change them too."""

import sqlite3
from collections.abc import Iterator

from prometheus_client import GC_COLLECTOR, PLATFORM_COLLECTOR, REGISTRY, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily, Metric

from deliver import __version__, backups, heartbeat, journal, posts, services
from deliver.database import DatabaseError, existing
from deliver.settings import Storage


class Collector:
    def __init__(self, storage: Storage) -> None:
        self.storage = storage

    def collect(self) -> Iterator[Metric]:
        yield InfoMetricFamily("deliver_build", "The running release.", value={"version": __version__})
        reachable = 1
        try:
            # All before the first is given away: half of the metrics would look like a loss.
            with existing(self.storage) as connection:
                found = list(from_database(connection))
        except (sqlite3.Error, DatabaseError) as error:
            journal.error("metrics without the database", error=str(error))
            found, reachable = [], 0
        yield GaugeMetricFamily("deliver_database_up", "1 where the database answered.", value=reachable)
        yield from found
        if newest := backups.newest(self.storage):
            made, size = newest.made_at, newest.path.stat().st_size
            yield GaugeMetricFamily(
                "deliver_last_backup_timestamp_seconds", "When the newest backup was made.", value=made
            )
            yield GaugeMetricFamily("deliver_last_backup_size_bytes", "Size of the newest backup.", value=size)


def from_database(connection: sqlite3.Connection) -> Iterator[Metric]:
    by_state = GaugeMetricFamily("deliver_posts", "Posts by state.", labels=["state"])
    for state, count in posts.counts(connection).items():
        by_state.add_metric([state], count)
    yield by_state
    oldest = posts.oldest_waiting(connection)
    if oldest is not None:
        yield GaugeMetricFamily(
            "deliver_oldest_waiting_timestamp_seconds", "When the post that waits for longest was seen.", value=oldest
        )
    errors = CounterMetricFamily("deliver_api_errors", "Failed requests by service.", labels=["service"])
    success = GaugeMetricFamily(
        "deliver_last_success_timestamp_seconds", "Last success by service.", labels=["service"]
    )
    paused = GaugeMetricFamily("deliver_paused_until_timestamp_seconds", "End of the last pause.", labels=["service"])
    for service in services.every(connection):
        errors.add_metric([service.name], service.errors)
        paused.add_metric([service.name], service.paused_until)
        if service.succeeded_at is not None:
            success.add_metric([service.name], service.succeeded_at)
    yield from (errors, success, paused)
    age = heartbeat.age(connection)
    if age is not None:
        yield GaugeMetricFamily("deliver_heartbeat_age_seconds", "Seconds since the daemon's last step.", value=age)


def serve(storage: Storage, port: int) -> None:
    """In a thread that ends with the process. Raises OSError where the port is taken."""
    REGISTRY.unregister(GC_COLLECTOR)
    REGISTRY.unregister(PLATFORM_COLLECTOR)
    REGISTRY.register(Collector(storage))
    start_http_server(port)
