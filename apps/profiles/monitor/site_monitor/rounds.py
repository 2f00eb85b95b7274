"""Asks every site, again and again."""

import logging
import queue
import threading
import time

from site_monitor.check import Result, check
from site_monitor.history import History
from site_monitor.metrics import Metrics
from site_monitor.settings import Settings

log = logging.getLogger("monitor.check")

# Seconds between two rounds as long as a site was not seen yet.
SOON = 2


class Rounds:
    """A thread that checks all sites at the same time, each INTERVAL_SECONDS, until `stop`.

    It starts together with the sites that it checks, so one that nobody ever saw has the first interval to come up: it is
    looked at each SOON seconds, and is not down before that time is over.
    """

    def __init__(self, settings: Settings, history: History, metrics: Metrics) -> None:
        self._settings = settings
        self._history = history
        self._metrics = metrics
        self._stop = threading.Event()
        self._up: dict[str, bool] = {}
        self._unseen = {site.name for site in settings.sites if history.last(site.name) is None}
        # Monotonic time of the last round's end; a round that hangs or fails makes it old.
        self._done = time.monotonic()
        for site in settings.sites:
            metrics.expect(site.name)
        self._begin = time.monotonic()
        self._thread = threading.Thread(target=self._run, name="rounds", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Ends at once: a check that is under way is dropped."""
        self._stop.set()

    def on_time(self) -> bool:
        return time.monotonic() - self._done < 3 * self._settings.interval_seconds + 10

    def _run(self) -> None:
        while not self._stop.is_set():
            begin = time.monotonic()
            try:
                self._round()
                self._history.forget_old()
                self._done = time.monotonic()
            except Exception:
                if self._stop.is_set():
                    return
                # For example a full volume: the next round may find room, and health tells until then.
                log.exception("a round failed")
            pause = min(SOON, self._settings.interval_seconds) if self._unseen else self._settings.interval_seconds
            self._stop.wait(max(0, pause - (time.monotonic() - begin)))

    def _round(self) -> None:
        results: queue.SimpleQueue[Result] = queue.SimpleQueue()
        for site in self._settings.sites:
            # Daemons, unlike a pool's threads: the end of the process waits for none.
            threading.Thread(target=lambda site=site: results.put(check(site)), daemon=True).start()
        for _ in self._settings.sites:
            self._take(results.get())

    def _take(self, result: Result) -> None:
        if self._stop.is_set():
            return
        if result.site in self._unseen and not result.up and time.monotonic() - self._begin < self._settings.interval_seconds:
            return
        self._unseen.discard(result.site)
        self._metrics.set(result)
        self._history.add(result)
        before = self._up.get(result.site)
        self._up[result.site] = result.up
        level = logging.INFO if result.up else logging.ERROR
        if before != result.up:
            word = "up" if result.up else "down"
            extra = {
                "site": result.site,
                "up": result.up,
                "duration_ms": round(result.seconds * 1000, 1),
                "reason": result.reason,
            }
            log.log(level, "%s is %s", result.site, word, extra=extra)
