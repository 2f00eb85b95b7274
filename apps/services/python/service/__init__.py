"""Notes over HTTP: Postgres, a Redis cache, metrics."""

import os

NAME = "service-python"

VERSION = os.environ.get("VERSION") or "0.0.0"
"""Of the image: its build argument VERSION."""
