"""Settings that come from the environment; each environment adds its own defaults."""

from typing import Any

from config.environment import Environment, database, redis_url
from config.logs import logging_settings


def deployed(*, development: bool) -> dict[str, Any]:
    """Django's settings by name. Raises SettingsError with a line for each wrong variable."""
    env = Environment()
    server = database(env)
    settings = {
        "DEBUG": development,
        "SECRET_KEY": env.secret("DJANGO_SECRET_KEY", required=True, minimum=32),
        "ALLOWED_HOSTS": env.words("DJANGO_ALLOWED_HOSTS", [".localhost", "127.0.0.1", "[::1]"] if development else []),
        "DATABASES": {"default": postgres(server)},
        **caches(env),
        **cookies(https=env.boolean("DJANGO_HTTPS", default=not development)),
        **mail(env, development=development),
        **outside_services(env),
        "LOGGING": logging_settings(env.choice("LOG_LEVEL", "INFO", ["DEBUG", "INFO", "WARNING", "ERROR"])),
    }
    if not settings["ALLOWED_HOSTS"]:
        env.problem("DJANGO_ALLOWED_HOSTS", "required; host names separated by commas, for example profiles.example.com")
    env.check()
    return settings


def postgres(server: dict[str, Any]) -> dict[str, Any]:
    return {
        "ENGINE": "django.db.backends.postgresql",
        **server,
        # Connections are kept, and looked at before each request: after a restart of Postgres they are made anew.
        "CONN_MAX_AGE": 300,
        "CONN_HEALTH_CHECKS": True,
        # Seconds and milliseconds after which a server that went without a word counts as gone.
        "OPTIONS": {"connect_timeout": 3, "tcp_user_timeout": 5000, **server.get("OPTIONS", {})},
    }


def caches(env: Environment) -> dict[str, Any]:
    location = redis_url(env)
    prefix = env.text("REDIS_PREFIX", "profiles:")
    login: dict[str, str] = {}
    if "@" not in location:
        login = {"username": env.text("REDIS_USER"), "password": env.secret("REDIS_PASSWORD")}
    options = {
        **{name: value for name, value in login.items() if value},
        # Seconds; what the cache can't answer soon is read from the database.
        "socket_connect_timeout": 1,
        "socket_timeout": 1,
    }

    def cache(part: str) -> dict[str, Any]:
        return {
            "BACKEND": "config.redis.Cache",
            "LOCATION": location,
            "KEY_PREFIX": f"{prefix}{part}:",
            # Django's own puts a colon between prefix and version; ours is a part of the prefix.
            "KEY_FUNCTION": "config.redis.key",
            "OPTIONS": options,
        }

    return {
        "CACHES": {"default": cache("page"), "sessions": cache("session")},
        "SESSION_ENGINE": "config.sessions",
        "SESSION_CACHE_ALIAS": "sessions",
    }


def cookies(*, https: bool) -> dict[str, Any]:
    return {
        "SESSION_COOKIE_SECURE": https,
        "CSRF_COOKIE_SECURE": https,
        # Traefik sets this header itself and takes none from outside. It redirects to HTTPS and sends HSTS, too.
        "SECURE_PROXY_SSL_HEADER": ("HTTP_X_FORWARDED_PROTO", "https"),
    }


def mail(env: Environment, *, development: bool) -> dict[str, Any]:
    key = env.secret("SPARKPOST_API_KEY")
    host = env.text("DJANGO_EMAIL_HOST", "smtp.sparkpostmail.com" if key else "")
    if not host:
        # Into nothing rather than to a host that isn't there; on a developer's terminal it can be read.
        backend = "console" if development else "dummy"
        return {"EMAIL_BACKEND": f"django.core.mail.backends.{backend}.EmailBackend"}
    return {
        "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "EMAIL_HOST": host,
        "EMAIL_PORT": env.integer("DJANGO_EMAIL_PORT", 587 if key else 25, 1, 65535),
        "EMAIL_USE_TLS": env.boolean("DJANGO_EMAIL_TLS", default=bool(key)),
        "EMAIL_TIMEOUT": 10,
        # SparkPost's relay takes the key as the password of this one user.
        "EMAIL_HOST_USER": "SMTP_Injection" if key else "",
        "EMAIL_HOST_PASSWORD": key,
        "DEFAULT_FROM_EMAIL": env.text("DJANGO_EMAIL_FROM", "profiles@localhost"),
    }


def outside_services(env: Environment) -> dict[str, Any]:
    """Passed through, as the image has no client of them, but for Sentry's."""
    together(env, "CILOGON_CLIENT_ID", "CILOGON_CLIENT_SECRET")
    together(env, "DJANGO_AWS_ACCESS_KEY_ID", "DJANGO_AWS_SECRET_ACCESS_KEY")
    return {
        "SENTRY_DSN": env.secret("SENTRY_DSN"),
        "CILOGON_CLIENT_ID": env.secret("CILOGON_CLIENT_ID"),
        "CILOGON_CLIENT_SECRET": env.secret("CILOGON_CLIENT_SECRET"),
        "AWS_ACCESS_KEY_ID": env.secret("DJANGO_AWS_ACCESS_KEY_ID"),
        "AWS_SECRET_ACCESS_KEY": env.secret("DJANGO_AWS_SECRET_ACCESS_KEY"),
        "AWS_STORAGE_BUCKET_NAME": env.text("DJANGO_AWS_STORAGE_BUCKET_NAME"),
        "AWS_S3_REGION_NAME": env.text("DJANGO_AWS_S3_REGION_NAME"),
    }


def together(env: Environment, first: str, second: str) -> None:
    if bool(env.secret(first)) != bool(env.secret(second)):
        env.problem(first, f"{first} and {second} are set both or neither")
