"""The piece of work. Replace it."""

from collections.abc import Callable

from worker import journal


def work(beat: Callable[[], None]) -> None:
    """Once every SERVICE_WORKER_INTERVAL seconds. What takes longer than 30 s calls `beat` in between.

    After SIGTERM it is finished within 10 s; what may take longer has to end early by itself.
    """
    beat()
    journal.say("info", "worked")
