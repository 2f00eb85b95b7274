"""The settings, read from the environment once; all problems are told at once."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from service import NAME

LOG_LEVELS = ("debug", "info", "warning", "error")


class SettingsError(Exception):
    """Wrong settings, all of them; no message has a value that may be secret."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__(f"{NAME}: wrong settings\n" + "\n".join(f"  {problem}" for problem in problems))


@dataclass(frozen=True)
class CacheSettings:
    url: str
    prefix: str


@dataclass(frozen=True)
class Settings:
    port: int
    """Of the API; 8000 when PORT is not set."""
    metrics_port: int
    """Of /metrics alone: no route leads to it. 9090 when METRICS_PORT is not set."""
    database_url: str
    """postgres://USER:PASSWORD@HOST:5432/DATABASE; secret."""
    cache: CacheSettings | None
    """None: every read goes to the database."""
    log_level: str
    """info when LOG_LEVEL is not set."""


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Raises SettingsError with every problem at once."""
    reader = _Reader(environment)
    settings = Settings(
        port=reader.port("PORT", 8000),
        metrics_port=reader.port("METRICS_PORT", 9090),
        database_url=reader.database_url(),
        cache=reader.cache(),
        log_level=reader.one_of("LOG_LEVEL", LOG_LEVELS, "info"),
    )
    if settings.port == settings.metrics_port:
        reader.problems.append("METRICS_PORT: is the same as PORT; allowed: another port")
    reader.finish()
    return settings


def read_database_url(environment: Mapping[str, str]) -> str:
    """What `migrate` needs: the database and nothing else. Raises SettingsError."""
    reader = _Reader(environment)
    url = reader.database_url()
    reader.finish()
    return url


class _Reader:
    def __init__(self, environment: Mapping[str, str]) -> None:
        self.environment = environment
        self.problems: list[str] = []

    def finish(self) -> None:
        if self.problems:
            raise SettingsError(self.problems)

    def port(self, name: str, default: int) -> int:
        text = self.environment.get(name) or str(default)
        if text.isascii() and text.isdecimal() and 1 <= int(text) <= 65_535:
            return int(text)
        self.problems.append(f'{name}: is "{text}"; allowed: a port from 1 to 65535')
        return default

    def one_of(self, name: str, allowed: tuple[str, ...], default: str) -> str:
        text = self.environment.get(name) or default
        if text not in allowed:
            self.problems.append(f'{name}: is "{text}"; allowed: {", ".join(allowed)}')
        return text

    def database_url(self) -> str:
        url = self._secret("DATABASE_URL")
        if url == "":
            self.problems.append("DATABASE_URL: is missing; set it, or DATABASE_URL_FILE to a file that holds it")
        elif url is not None:
            form = "postgres://USER:PASSWORD@HOST:5432/DATABASE"
            self._check_url("DATABASE_URL", url, ("postgres", "postgresql"), form)
        return url or ""

    def cache(self) -> CacheSettings | None:
        url = self._secret("REDIS_URL")
        if not url:
            return None
        self._check_url("REDIS_URL", url, ("redis", "rediss"), "redis://USER:PASSWORD@HOST:6379")
        prefix = self.environment.get("REDIS_PREFIX", "")
        if not prefix:
            what = "allowed: what all keys begin with, for example service-python:"
            self.problems.append(f"REDIS_PREFIX: is missing, and REDIS_URL is set; {what}")
        return CacheSettings(url, prefix)

    def _secret(self, name: str) -> str | None:
        """The value of NAME, or of the file that NAME_FILE names; "" without either, None after a problem."""
        plain, file = self.environment.get(name, ""), self.environment.get(f"{name}_FILE", "")
        if plain and file:
            self.problems.append(f"{name}: is set, and {name}_FILE too; allowed: one of the two")
            return None
        if not file:
            return plain
        try:
            with open(file, encoding="utf-8") as opened:
                text = opened.read().removesuffix("\n").removesuffix("\r")
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "not UTF-8"
            self.problems.append(f"{name}_FILE: names a file that can't be read, {file} ({reason})")
            return None
        if not text:
            self.problems.append(f"{name}_FILE: names an empty file, {file}")
            return None
        return text

    def _check_url(self, name: str, text: str, schemes: tuple[str, ...], form: str) -> None:
        try:
            url = urlsplit(text)
            right = url.scheme in schemes and bool(url.hostname) and url.port != 0
        except ValueError:
            right = False
        if not right:
            self.problems.append(f"{name}: is no such URL; allowed: {form}")
