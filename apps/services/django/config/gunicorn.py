"""gunicorn's settings."""

import contextlib
import os
import signal
import sys
from typing import Any

from prometheus_client.multiprocess import mark_process_dead

from config.environment import Environment, SettingsError
from config.metrics import fork_metrics_server

_environment = Environment()
bind = f"0.0.0.0:{_environment.integer('PORT', 8000, 1, 65535)}"
workers = _environment.integer("GUNICORN_WORKERS", 2, 1, 32)
threads = _environment.integer("GUNICORN_THREADS", 4, 1, 64)
_environment.integer("METRICS_PORT", 9090, 1, 65535)

try:
    _environment.check()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    # Before any worker: wrong settings end the start here, with their names and without a stack trace.
    from django.conf import settings

    logconfig_dict = settings.LOGGING
except SettingsError as error:
    print(error, file=sys.stderr)
    sys.exit(78)

worker_class = "gthread"
# Seconds: of a worker without a sign of life, and of requests in flight after SIGTERM (the container is given 30).
timeout = 30
graceful_timeout = 25
# Longer than Traefik keeps an idle connection would be best; this bounds what idle ones cost.
keepalive = 75
# Loaded once and shared by the workers.
preload_app = True
worker_tmp_dir = "/tmp"  # noqa: S108 the only directory that may be written
# No door of its own into the server.
control_socket_disable = True
# Traefik is the only one that reaches this port.
forwarded_allow_ips = "*"

_metrics: list[int] = []


def on_starting(_server: Any) -> None:
    _metrics.append(fork_metrics_server())


def child_exit(_server: Any, worker: Any) -> None:
    mark_process_dead(worker.pid)


def on_exit(_server: Any) -> None:
    for child in _metrics:
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGTERM)
