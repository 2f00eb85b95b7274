#!/bin/sh
# What every command in the container needs: a home that may be written, whoever it runs as.
set -eu
export HOME=/tmp
exec "$@"
