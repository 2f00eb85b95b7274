"""Errors to Sentry, where there is an address to send them to."""

import sentry_sdk
from django.conf import settings

from config import VERSION


def start_reporting() -> None:
    dsn = getattr(settings, "SENTRY_DSN", "")
    if dsn:
        # Without performance data and without anything that tells who asked.
        sentry_sdk.init(dsn=dsn, release=f"profiles@{VERSION}", send_default_pii=False, traces_sample_rate=0)
