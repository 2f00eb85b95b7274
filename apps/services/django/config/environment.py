"""Reads settings from the environment; needs nothing but the standard library."""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit


class SettingsError(Exception):
    """One or more wrong settings; the message has a line for each, and no value that may be secret."""


class Environment:
    """Reads settings and collects what is wrong with them, so that one start shows every mistake.

    A name and its `_FILE` both set is a mistake; empty means not set. A method answers its default after a mistake:
    nothing may be used before `check()` has passed.
    """

    def __init__(self, variables: Mapping[str, str] = os.environ) -> None:
        self._variables = variables
        self._problems: list[str] = []

    def check(self) -> None:
        """Raises SettingsError when anything read so far was wrong."""
        if self._problems:
            raise SettingsError("\n".join(self._problems))

    def problem(self, name: str, what: str) -> None:
        """Adds a mistake that the caller has found."""
        line = f"{name}: {what}"
        if line not in self._problems:
            self._problems.append(line)

    def text(self, name: str, default: str = "") -> str:
        """A setting that is no secret."""
        return self._variables.get(name, "").strip() or default

    def secret(self, name: str, *, required: bool = False, minimum: int = 1) -> str:
        """The value of NAME, or of the file that NAME_FILE names, without one last newline; `minimum` in characters."""
        value = self._variables.get(name, "")
        path = self._variables.get(f"{name}_FILE", "")
        if value and path:
            self.problem(name, f"{name} and {name}_FILE are both set; set one of them")
            return ""
        if path:
            try:
                value = Path(path).read_text(encoding="utf-8").removesuffix("\n").removesuffix("\r")
            except (OSError, UnicodeDecodeError) as error:
                reason = error.strerror if isinstance(error, OSError) else "not UTF-8"
                self.problem(f"{name}_FILE", f"cannot read {path}: {reason}")
                return ""
        if not value:
            if required:
                self.problem(name, f"required; set {name}, or {name}_FILE to the path of a file with it")
            return ""
        if len(value) < minimum:
            self.problem(name, f"has {len(value)} characters, {minimum} or more are needed")
            return ""
        return value

    def integer(self, name: str, default: int, lowest: int, highest: int) -> int:
        text = self.text(name)
        if not text:
            return default
        # isdecimal() alone takes other scripts' digits and numbers too long to convert.
        if text.isascii() and text.isdecimal() and len(text) < 10 and lowest <= int(text) <= highest:
            return int(text)
        self.problem(name, f"{text!r} is not a whole number from {lowest} to {highest}")
        return default

    def boolean(self, name: str, *, default: bool) -> bool:
        text = self.text(name)
        if text in ("true", "false"):
            return text == "true"
        if text:
            self.problem(name, f"{text!r} is not true or false")
        return default

    def words(self, name: str, default: Iterable[str] = ()) -> list[str]:
        """A list, separated by commas."""
        return [word.strip() for word in self.text(name).split(",") if word.strip()] or list(default)

    def choice(self, name: str, default: str, allowed: Iterable[str]) -> str:
        text = self.text(name, default)
        if text not in allowed:
            self.problem(name, f"{text!r} is not one of {', '.join(allowed)}")
            return default
        return text


def database(environment: Environment) -> dict[str, object]:
    """Django's settings of the database, from DATABASE_URL."""
    url = environment.secret("DATABASE_URL", required=True)
    return _database_of_url(environment, url) if url else {}


def _database_of_url(environment: Environment, url: str) -> dict[str, object]:
    form = "must be postgres://USER:PASSWORD@HOST:PORT/DATABASE"
    try:
        parts = urlsplit(url)
        port = parts.port or 5432
    except ValueError:
        environment.problem("DATABASE_URL", form)
        return {}
    name = unquote(parts.path.removeprefix("/"))
    if parts.scheme not in ("postgres", "postgresql") or not parts.hostname or not parts.username or not name or "/" in name:
        environment.problem("DATABASE_URL", form)
        return {}
    options = dict(parse_qsl(parts.query))
    for option in options.keys() - {"sslmode", "sslrootcert", "application_name"}:
        environment.problem("DATABASE_URL", f"unknown option {option!r}; allowed are sslmode, sslrootcert, application_name")
    return {
        "HOST": parts.hostname,
        "PORT": port,
        "USER": unquote(parts.username),
        "NAME": name,
        "PASSWORD": unquote(parts.password or ""),
        "OPTIONS": options,
    }


def redis_url(environment: Environment) -> str:
    url = environment.secret("REDIS_URL", required=True)
    try:
        parts = urlsplit(url)
        well = parts.scheme in ("redis", "rediss") and bool(parts.hostname) and (parts.port or 6379) > 0
    except ValueError:
        well = False
    if url and not well:
        environment.problem("REDIS_URL", "must be redis://USER:PASSWORD@HOST:PORT/0, or rediss:// with TLS")
    return url
