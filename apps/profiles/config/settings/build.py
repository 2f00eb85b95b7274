"""For `collectstatic` in the build: needs no database, no secret, and of this project nothing but its static files."""

from .base import *  # noqa: F403
from .base import BASE_DIR, INSTALLED_APPS

SECRET_KEY = "only for commands of the build"  # noqa: S105
# Without the project's own code, so that a change of it collects nothing anew.
INSTALLED_APPS = [app for app in INSTALLED_APPS if app != "people"]
STATICFILES_DIRS = [BASE_DIR / "people" / "static"]
