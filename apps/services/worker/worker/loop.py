"""Work, rest, work again; each step leaves a sign of life, so that a loop that hangs has none."""

import signal
import threading
import time
import traceback
from collections.abc import Callable

from worker import journal
from worker.settings import Settings

# Seconds between two beats while it rests.
BEAT = 5.0
# Longest rest after failures, in seconds.
LONGEST_BACK_OFF = 300.0


class Loop:
    def __init__(self, settings: Settings, work: Callable[[Callable[[], None]], None]) -> None:
        self.settings = settings
        self.work = work
        self.stopping = threading.Event()

    def run(self) -> int:
        """Until SIGTERM, which lets the work in hand finish."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self.stopping.set())
        failures = 0
        while not self.stopping.is_set():
            self.beat()
            try:
                self.work(self.beat)
                failures = 0
            except Exception as error:
                failures += 1
                journal.say("error", "work failed", error=repr(error), failures=failures, trace=traceback.format_exc())
            self.rest(self.pause(failures))
        self.settings.heartbeat.unlink(missing_ok=True)
        journal.say("info", "stopped")
        return 0

    def pause(self, failures: int) -> float:
        """Doubled with each failure in a row."""
        longest = max(LONGEST_BACK_OFF, self.settings.interval)
        return min(longest, self.settings.interval * 2.0 ** min(failures, 20))

    def rest(self, seconds: float) -> None:
        ends = time.monotonic() + seconds
        while (left := ends - time.monotonic()) > 0 and not self.stopping.is_set():
            self.beat()
            self.stopping.wait(min(left, BEAT))

    def beat(self) -> None:
        self.settings.heartbeat.touch()
