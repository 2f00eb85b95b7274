#!/bin/sh
# The server. The workers leave their metrics in files, which must be there before Python loads its client of Prometheus.
set -eu
export PROMETHEUS_MULTIPROC_DIR="${PROMETHEUS_MULTIPROC_DIR:-/tmp/prometheus}"
rm -rf "$PROMETHEUS_MULTIPROC_DIR"
mkdir "$PROMETHEUS_MULTIPROC_DIR"
exec gunicorn --config python:config.gunicorn config.wsgi:application
