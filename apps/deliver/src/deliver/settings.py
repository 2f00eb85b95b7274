"""The settings, read from the environment; all problems are told at once."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from deliver.journal import LEVELS
from deliver.problem import Problem

SINKS = ("log", "file", "webhook")
# A larger file is surely the wrong one. In bytes.
LARGEST_SECRET_FILE = 64 * 1024


class SettingsError(Problem):
    """What is wrong with the settings, a line each. No line holds a secret's value."""

    def __init__(self, problems: list[str]) -> None:
        many = "setting is" if len(problems) == 1 else "settings are"
        super().__init__("\n  ".join([f"deliver: {len(problems)} {many} wrong:", *problems]))


class Reader:
    """Reads variables one by one and collects what is wrong. An empty variable counts as not set."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self.environment = environment
        self.problems: list[str] = []

    def text(self, name: str, default: str = "") -> str:
        return self.environment.get(name) or default

    def number(self, name: str, default: int, least: int, most: int, unit: str) -> int:
        text = self.text(name)
        if not text:
            return default
        if not re.fullmatch(r"\d{1,9}", text) or not least <= int(text) <= most:
            self.problems.append(
                f"{name}: {text!r} is not allowed; allowed: {least} to {most} {unit}; default: {default}"
            )
            return default
        return int(text)

    def url(self, name: str, default: str) -> str:
        text = self.text(name, default).rstrip("/")
        if not is_web_address(text):
            self.problems.append(
                f"{name}: {text!r} is no web address; allowed: https://… or http://…; default: {default}"
            )
        return text

    def secret(self, name: str, optional: bool = False) -> str:
        """From NAME, or from the file that NAME_FILE names, without its last newline."""
        plain, file = self.text(name), self.text(f"{name}_FILE")
        if plain and file:
            self.problems.append(f"{name} and {name}_FILE are both set; fix: remove one")
        if file and not plain:
            return self.secret_file(name, Path(file))
        if not plain and not optional:
            self.problems.append(f"{name}: is missing; fix: set {name}, or {name}_FILE to the path of a file with it")
        return plain

    def secret_file(self, name: str, path: Path) -> str:
        # A value that is given in place of a path is not repeated: only what looks like a path.
        shown = str(path) if path.is_absolute() else "the path"
        try:
            if path.stat().st_size > LARGEST_SECRET_FILE:
                raise ValueError(f"it is larger than {LARGEST_SECRET_FILE} bytes")
            value = path.read_text("utf-8").removesuffix("\n").removesuffix("\r")
            if not value:
                raise ValueError("it is empty")
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else str(error)
            if isinstance(error, UnicodeDecodeError):
                reason = "it is not UTF-8"
            self.problems.append(f"{name}_FILE: {shown} cannot be read: {reason}; fix: a file with the value of {name}")
            return ""
        return value


def is_web_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


@dataclass(frozen=True)
class Storage:
    """Where the data is; all that the commands without a network need."""

    data: Path
    backups: Path

    @property
    def database(self) -> Path:
        return self.data / "deliver.db"

    @classmethod
    def read(cls, environment: Mapping[str, str] = os.environ) -> "Storage":
        reader = Reader(environment)
        data = Path(reader.text("DELIVER_DATA", "/app/data"))
        backups = Path(reader.text("DELIVER_BACKUPS", str(data / "backups")))
        for name, path in (("DELIVER_DATA", data), ("DELIVER_BACKUPS", backups)):
            if not path.is_absolute():
                reader.problems.append(f"{name}: {str(path)!r} is no absolute path; example: /app/data")
        if backups == data:
            reader.problems.append("DELIVER_BACKUPS: is DELIVER_DATA itself; fix: a folder of its own")
        if reader.problems:
            raise SettingsError(reader.problems)
        return cls(data, backups)


@dataclass(frozen=True)
class Settings:
    """What `deliver monitor start` needs. Times are in seconds."""

    storage: Storage
    reddit_id: str
    reddit_secret: str = field(repr=False)
    deepl_key: str = field(repr=False)
    webhook: str = field(repr=False)
    reddit_api: str
    reddit_auth: str
    reddit_agent: str
    deepl_api: str
    sinks: tuple[str, ...]
    file: Path
    interval: int
    lease: int
    metrics_port: int

    @classmethod
    def read(cls, environment: Mapping[str, str] = os.environ) -> "Settings":
        reader = Reader(environment)
        reddit_id, reddit_secret = reader.secret("REDDIT_CLIENT_ID"), reader.secret("REDDIT_CLIENT_SECRET")
        key = reader.secret("DEEPL_API_KEY")
        webhook = reader.secret("DELIVER_WEBHOOK_URL", optional=True)
        reddit_api = reader.url("REDDIT_API_URL", "https://oauth.reddit.com")
        own = reddit_api == "https://oauth.reddit.com"
        try:
            storage = Storage.read(environment)
        except SettingsError as error:
            reader.problems += str(error).split("\n  ")[1:]
            storage = Storage(Path("/"), Path("/"))
        settings = cls(
            storage=storage,
            reddit_id=reddit_id,
            reddit_secret=reddit_secret,
            deepl_key=key,
            webhook=webhook,
            reddit_api=reddit_api,
            reddit_auth=reader.url("REDDIT_AUTH_URL", "https://www.reddit.com" if own else reddit_api),
            reddit_agent=reader.text("REDDIT_USER_AGENT", "linux:deliver:1.0 (self-hosted)"),
            # DeepL's own rule: keys of its free plan end so, and work at the one address only.
            deepl_api=reader.url("DEEPL_API_URL", f"https://api{'-free' if key.endswith(':fx') else ''}.deepl.com"),
            sinks=read_sinks(reader, webhook),
            file=Path(reader.text("DELIVER_FILE", str(storage.data / "delivered.jsonl"))),
            interval=reader.number("DELIVER_INTERVAL", 60, 1, 86_400, "seconds"),
            lease=reader.number("DELIVER_LEASE", 60, 1, 3_600, "seconds"),
            metrics_port=reader.number("METRICS_PORT", 9090, 1, 65_535, "as a port"),
        )
        if reader.text("LOG_LEVEL", "info").lower() not in LEVELS:
            given = reader.text("LOG_LEVEL")
            reader.problems.append(f"LOG_LEVEL: {given!r} is unknown; allowed: {', '.join(LEVELS)}")
        if reader.problems:
            raise SettingsError(reader.problems)
        return settings


def read_sinks(reader: Reader, webhook: str) -> tuple[str, ...]:
    names = reader.text("DELIVER_SINKS", "webhook" if webhook else "log").split(",")
    sinks = tuple(dict.fromkeys(name.strip() for name in names if name.strip()))
    if unknown := [name for name in sinks if name not in SINKS]:
        reader.problems.append(f"DELIVER_SINKS: {', '.join(unknown)} is unknown; allowed: {', '.join(SINKS)}")
    if not sinks:
        reader.problems.append(f"DELIVER_SINKS: names no sink; allowed: {', '.join(SINKS)}")
    missing = not webhook and not reader.text("DELIVER_WEBHOOK_URL_FILE")
    if "webhook" in sinks and missing:
        reader.problems.append(
            "DELIVER_WEBHOOK_URL: is missing, and DELIVER_SINKS names webhook; fix: set it, or take webhook out"
        )
    if webhook and not is_web_address(webhook):
        # The address may hold a token, so it is not shown.
        reader.problems.append("DELIVER_WEBHOOK_URL: is no web address; allowed: https://… or http://…")
    return sinks
