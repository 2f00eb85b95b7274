"""The settings, read from the environment; all problems are told at once."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


class SettingsError(Exception):
    """What is wrong with the settings, a line each."""


@dataclass(frozen=True)
class Settings:
    # Seconds from the end of one piece of work to the next.
    interval: int
    # Where the loop leaves its sign of life: in memory, as the root is read-only.
    heartbeat: Path

    @classmethod
    def read(cls, environment: Mapping[str, str] = os.environ) -> "Settings":
        problems = []
        interval = environment.get("SERVICE_WORKER_INTERVAL") or "10"
        if not re.fullmatch(r"\d{1,5}", interval) or not 1 <= int(interval) <= 86_400:
            problems.append(
                f"SERVICE_WORKER_INTERVAL: {interval!r} is not allowed; allowed: 1 to 86400 seconds; default: 10"
            )
        heartbeat = Path(environment.get("SERVICE_WORKER_HEARTBEAT") or "/tmp/heartbeat")  # noqa: S108 - the container's own
        if not heartbeat.is_absolute():
            problems.append(
                f"SERVICE_WORKER_HEARTBEAT: {str(heartbeat)!r} is no absolute path; default: /tmp/heartbeat"
            )
        if problems:
            raise SettingsError("\n  ".join(["service-worker: wrong settings:", *problems]))
        return cls(int(interval), heartbeat)


def secret(name: str, environment: Mapping[str, str] = os.environ) -> str:
    """The value of NAME, or of the file that NAME_FILE names without its last newline. No message holds a value."""
    plain, file = environment.get(name), environment.get(f"{name}_FILE")
    if bool(plain) == bool(file):
        state = "are both set; fix: remove one" if plain else "are both missing; fix: set one"
        raise SettingsError(f"service-worker: {name} and {name}_FILE {state}")
    if plain:
        return plain
    try:
        return Path(file or "").read_text("utf-8").removesuffix("\n")
    except (OSError, UnicodeDecodeError):
        raise SettingsError(
            f"service-worker: {name}_FILE: cannot be read; fix: the path of a file with the value"
        ) from None
