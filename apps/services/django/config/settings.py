"""Django's settings, from the environment."""

from pathlib import Path

from config.environment import Environment, database, redis_url
from config.logs import logging_settings

_env = Environment()
_server = database(_env)
_redis = redis_url(_env)

BASE_DIR = Path(__file__).resolve().parent.parent
DEBUG = _env.boolean("DJANGO_DEBUG", default=False)
SECRET_KEY = _env.secret("DJANGO_SECRET_KEY", required=True, minimum=32)
# Traefik passes the host names of the service's routes only.
ALLOWED_HOSTS = _env.words("DJANGO_ALLOWED_HOSTS", ["*"])
LOGGING = logging_settings(_env.choice("LOG_LEVEL", "INFO", ["DEBUG", "INFO", "WARNING", "ERROR"]))

INSTALLED_APPS = ["notes"]
MIDDLEWARE = [
    # Outermost: it sees every answer, those of the others' refusals too.
    "config.observation.ObservationMiddleware",
    # Before anything that looks at the host name: health checks come by address.
    "config.health.HealthMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.common.CommonMiddleware",
]
ROOT_URLCONF = "config.urls"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
APPEND_SLASH = False
DATA_UPLOAD_MAX_MEMORY_SIZE = 64 * 1024

DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        **_server,
        # Connections are kept, and looked at before each request: after a restart of Postgres they are made anew.
        "CONN_MAX_AGE": 300,
        "CONN_HEALTH_CHECKS": True,
        # Seconds and milliseconds after which a server that went without a word counts as gone.
        "OPTIONS": {"connect_timeout": 3, "tcp_user_timeout": 5000, **_server.get("OPTIONS", {})},
    }
}
CACHES = {
    "default": {
        "BACKEND": "config.redis.Cache",
        "LOCATION": _redis,
        # The Redis user may touch keys of this prefix only.
        "KEY_PREFIX": _env.text("REDIS_PREFIX", "service-django:"),
        "KEY_FUNCTION": "config.redis.key",
        # Seconds; what the cache can't answer soon is read from the database.
        "OPTIONS": {"socket_connect_timeout": 1, "socket_timeout": 1},
    }
}
# Behind Traefik, which sets this header itself and takes none from outside.
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

_env.check()
