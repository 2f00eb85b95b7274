"""The program's own messages: one JSON object a line on standard output."""

import json
import os
import sys
from datetime import UTC, datetime

LEVELS = ("debug", "info", "warning", "error")


def moment(seconds: float) -> str:
    """Seconds since 1970 as `2026-01-31T03:15:00.000Z`."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def say(level: str, message: str, **fields: object) -> None:
    """Unless the level is below LOG_LEVEL, which is `info` where it is not set."""
    least = os.environ.get("LOG_LEVEL", "").lower()
    if LEVELS.index(level) >= LEVELS.index(least if least in LEVELS else "info"):
        write(level, message, **fields)


def write(level: str, message: str, **fields: object) -> None:
    """One write a line, so that the lines of two processes do not mix."""
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    line = json.dumps({"timestamp": now, "level": level, "message": message, **fields}, ensure_ascii=False, default=str)
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def debug(message: str, **fields: object) -> None:
    say("debug", message, **fields)


def info(message: str, **fields: object) -> None:
    say("info", message, **fields)


def warning(message: str, **fields: object) -> None:
    say("warning", message, **fields)


def error(message: str, **fields: object) -> None:
    say("error", message, **fields)
