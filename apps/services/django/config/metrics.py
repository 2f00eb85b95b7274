"""Metrics of all workers, on a port of their own that Traefik does not route."""

import os
import signal
import threading
import time

from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.multiprocess import MultiProcessCollector


def metrics_port() -> int:
    return int(os.environ.get("METRICS_PORT") or "9090")


def fork_metrics_server() -> int:
    """Serves the workers' files in PROMETHEUS_MULTIPROC_DIR from a child process, and gives its id.

    A process and no thread: gunicorn's master forks workers at any time, and a fork beside a thread can copy a lock
    that nobody will open. A fork and no new program: it shares the master's memory.
    """
    parent = os.getpid()
    child = os.fork()
    if child != 0:
        return child
    for name in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT):
        signal.signal(name, lambda *_: os._exit(0))
    try:
        registry = CollectorRegistry()
        MultiProcessCollector(registry)
        start_http_server(metrics_port(), registry=registry)
        while os.getppid() == parent:
            time.sleep(1)
    finally:
        os._exit(1)


def serve_own_metrics() -> None:
    """The same for a process without workers."""
    threading.Thread(target=start_http_server, args=(metrics_port(),), daemon=True).start()
