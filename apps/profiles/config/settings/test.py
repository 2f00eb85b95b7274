"""Production's settings, with views that are slow or fail, and with a fast hash of passwords."""

from .production import *  # noqa: F403

TRIAL_VIEWS = True
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
