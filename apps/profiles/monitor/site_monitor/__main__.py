"""`python -m site_monitor`: checks and serves until SIGTERM."""

import logging
import signal
import sqlite3
import sys
import threading

from prometheus_client import start_http_server

from site_monitor.history import History
from site_monitor.logs import start_logging
from site_monitor.metrics import Metrics
from site_monitor.rounds import Rounds
from site_monitor.server import StatusServer
from site_monitor.settings import SettingsError, read_settings

log = logging.getLogger("monitor")


def main() -> int:
    try:
        settings = read_settings()
    except SettingsError as error:
        print(error, file=sys.stderr)
        return 78
    start_logging()
    try:
        history = History(settings.data_directory)
    except (OSError, sqlite3.Error) as error:
        print(f"DATA_DIRECTORY: cannot write in {settings.data_directory}: {error}; mount a volume there", file=sys.stderr)
        return 78
    metrics = Metrics()
    rounds = Rounds(settings, history, metrics)
    server = StatusServer(settings, history, rounds)
    start_http_server(settings.metrics_port, registry=metrics.registry)
    stop = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stop.set())
    rounds.start()
    threading.Thread(target=server.serve_forever, name="server", daemon=True).start()
    log.info("checking %d sites each %d s", len(settings.sites), settings.interval_seconds)
    stop.wait()
    log.info("stopping")
    rounds.stop()
    server.shutdown()
    server.server_close()
    history.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
