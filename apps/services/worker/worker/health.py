"""`python -m worker.health`: exit 0 while the loop goes on."""

import sys
import time

from worker.settings import Settings, SettingsError

# Older than this, in seconds, the loop hangs.
FRESH = 30.0


def problem(settings: Settings) -> str | None:
    try:
        age = time.time() - settings.heartbeat.stat().st_mtime
    except FileNotFoundError:
        return "there is no heartbeat: the worker is not running"
    return None if age <= FRESH else f"the last heartbeat is {age:.0f} s old; allowed: {FRESH:.0f} s"


def main() -> int:
    try:
        found = problem(Settings.read())
    except SettingsError as error:
        found = str(error)
    if found:
        print(found, file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    raise SystemExit(main())
