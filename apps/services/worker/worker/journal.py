"""The worker's messages: one JSON object a line on standard output."""

import json
from datetime import UTC, datetime


def say(level: str, message: str, **fields: object) -> None:
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    print(json.dumps({"timestamp": now, "level": level, "message": message, **fields}, default=str), flush=True)
