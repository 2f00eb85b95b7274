"""The command line."""

import json
import os
import signal
import sys
from datetime import UTC, datetime
from types import FrameType

from service import NAME, VERSION
from service.settings import SettingsError, read_database_url, read_settings

USAGE = f"""usage: python -m service serve | migrate | --version

  serve      answer HTTP on PORT until SIGTERM (the default)
  migrate    bring the database's schema up to this image's, and end
  --version  print name and version of {NAME}

exit codes: 0 done, 1 failed, 64 wrong command line, 78 wrong settings"""

STOP_LIMIT = 25
"""Seconds that requests in flight may take after the drain; SIGKILL comes after 30 s."""


def main(words: list[str]) -> int:
    match words:
        case [] | ["serve"]:
            return _serve()
        case ["migrate"]:
            from service.migrate import migrate

            applied = migrate(read_database_url(os.environ))
            now = datetime.now(UTC).isoformat(timespec="milliseconds")
            print(json.dumps({"timestamp": now, "level": "INFO", "message": "migrated", "applied": applied}))
        case ["--version"]:
            print(f"{NAME} {VERSION}")
        case _:
            print(USAGE, file=sys.stderr)
            return 64
    return 0


def _serve() -> int:
    # Process 1 of a container ignores SIGTERM as long as it has no handler of its own. Uvicorn has one while it
    # serves, and raises the signal again after the stop, which must not end this process by it.
    signal.signal(signal.SIGTERM, _before_serving)
    import uvicorn

    from service.api import build
    from service.server import DrainingServer

    settings = read_settings(os.environ)
    config = uvicorn.Config(
        build(settings),
        host="0.0.0.0",
        port=settings.port,
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=STOP_LIMIT,
    )
    server = DrainingServer(config)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    server.run()
    return 0 if server.started else 1


def _before_serving(_signal: int, _frame: FrameType | None) -> None:
    sys.exit(0)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except SettingsError as error:
        print(error, file=sys.stderr)
        sys.exit(78)
    except Exception as error:
        print(f"{NAME}: {error}", file=sys.stderr)
        sys.exit(1)
