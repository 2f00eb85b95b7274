"""A developer's machine: pages with the reason of an error, hosts below localhost, mail on the terminal."""

from .base import *  # noqa: F403
from .deployed import deployed

globals().update(deployed(development=True))
TRIAL_VIEWS = True
# Files as they are in the source: no manifest, and no `collectstatic` after a change.
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}  # noqa: F405
WHITENOISE_USE_FINDERS = True
