"""For commands of the build that need no database and no secret, as `collectstatic`."""

from .base import *  # noqa: F403

SECRET_KEY = "only for commands of the build"  # noqa: S105
