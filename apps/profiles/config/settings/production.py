"""Servers."""

from .base import *  # noqa: F403
from .deployed import deployed

globals().update(deployed(development=False))
