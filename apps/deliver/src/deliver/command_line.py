"""The commands. Modules are imported where they are used: `deliver health` must not wait for an HTTP client."""

import argparse
import signal
import sqlite3
import sys
import time
import traceback
from pathlib import Path

from deliver import __version__, journal
from deliver.problem import Problem
from deliver.settings import Settings, SettingsError, Storage

# As sysexits.h has them.
WRONG_SETTINGS = 78


def main(arguments: list[str] | None = None) -> int:
    chosen = parser().parse_args(arguments)
    # As the first process of a container it would otherwise ignore the signal; this way what it began is cleaned up.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        return int(chosen.run(chosen) or 0)
    except SettingsError as error:
        print(error, file=sys.stderr)
        return WRONG_SETTINGS
    except KeyboardInterrupt:
        return 130
    except (Problem, OSError, sqlite3.Error) as error:
        journal.error(str(error), kind=type(error).__name__)
    except Exception as error:
        journal.error(repr(error), kind="unexpected", trace=traceback.format_exc())
    return 1


def parser() -> argparse.ArgumentParser:
    whole = argparse.ArgumentParser(
        prog="deliver", description="Watches subreddits, translates new posts, delivers them."
    )
    whole.add_argument("--version", action="version", version=f"deliver {__version__}")
    commands = whole.add_subparsers(required=True, metavar="COMMAND")

    monitor = commands.add_parser("monitor", help="the work itself").add_subparsers(required=True, metavar="COMMAND")
    start = monitor.add_parser("start", help="run until SIGTERM")
    start.add_argument("--once", action="store_true", help="one pass, then end: 1 where something is left undone")
    start.add_argument(
        "--patience", type=float, default=60, metavar="S", help="with --once: wait for retries (default 60 s)"
    )
    start.set_defaults(run=run_monitor)

    feeds = commands.add_parser("feeds", help="what is watched").add_subparsers(required=True, metavar="COMMAND")
    for name in ("add", "remove"):
        command = feeds.add_parser(name)
        command.add_argument("subreddit")
        command.add_argument("--lang", required=True, help="language of DeepL, for example DE or EN-GB")
        command.set_defaults(run=add_feed if name == "add" else remove_feed)
        if name == "add":
            command.add_argument(
                "--backlog", type=float, default=0, metavar="HOURS", help="posts of the last hours too"
            )
    feeds.add_parser("list").set_defaults(run=list_feeds)

    commands.add_parser("status", help="posts, services, backups").set_defaults(run=show_status)
    commands.add_parser("health", help="exit 0 while the daemon works").set_defaults(run=check_health)
    backup = commands.add_parser("backup", help="copy the database while it is in use")
    backup.add_argument("--keep", type=at_least_one, default=14, metavar="N", help="keep the newest N (default 14)")
    backup.set_defaults(run=make_backup)
    restore = commands.add_parser("restore", help="put a backup in the database's place")
    restore.add_argument("file", type=Path)
    restore.set_defaults(run=restore_backup)
    verify = commands.add_parser("verify", help="try the newest backup")
    verify.add_argument(
        "--max-age", type=float, default=93_600, metavar="S", help="highest age (default 93600 s, 26 h)"
    )
    verify.set_defaults(run=verify_backup)
    return whole


def at_least_one(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not allowed; allowed: 1 or more")
    return int(text)


def run_monitor(chosen: argparse.Namespace) -> int:
    settings = Settings.read()
    # Until the loop takes it over.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    import asyncio

    from deliver import metrics
    from deliver.database import opened
    from deliver.monitor import Monitor

    with opened(settings.storage) as connection:
        if not chosen.once:
            metrics.serve(settings.storage, settings.metrics_port)
        journal.info("started", version=__version__, once=chosen.once, sinks=settings.sinks, interval=settings.interval)
        return asyncio.run(Monitor(settings, connection, chosen.once, chosen.patience).run())


def add_feed(chosen: argparse.Namespace) -> None:
    from deliver import feeds
    from deliver.database import opened

    with opened(Storage.read()) as connection:
        feeds.add(connection, chosen.subreddit, chosen.lang, chosen.backlog)
    journal.info("feed added", subreddit=chosen.subreddit, language=chosen.lang.upper())


def remove_feed(chosen: argparse.Namespace) -> None:
    from deliver import feeds
    from deliver.database import opened

    with opened(Storage.read()) as connection:
        posts = feeds.remove(connection, chosen.subreddit, chosen.lang)
    journal.info("feed removed", subreddit=chosen.subreddit, language=chosen.lang.upper(), posts=posts)


def list_feeds(_: argparse.Namespace) -> None:
    from deliver import feeds
    from deliver.database import existing

    with existing(Storage.read()) as connection:
        for feed in feeds.every(connection):
            polled = journal.moment(feed.polled_at) if feed.polled_at else "never"
            print(f"{feed.subreddit}\t{feed.language}\tpolled {polled}")


def show_status(_: argparse.Namespace) -> None:
    from deliver import backups, heartbeat, posts, services
    from deliver.database import existing

    storage = Storage.read()
    with existing(storage) as connection:
        age = heartbeat.age(connection)
        print("daemon\t" + ("not running" if age is None else f"last heartbeat {age:.0f} s ago"))
        for state, count in posts.counts(connection).items():
            print(f"posts\t{state}\t{count}")
        for service in services.every(connection):
            success = journal.moment(service.succeeded_at) if service.succeeded_at else "never"
            left = service.paused_until - time.time()
            pause = f"\tpaused for {left:.0f} s" if left > 0 else ""
            print(f"service\t{service.name}\tlast success {success}\terrors {service.errors}{pause}")
    for backup in backups.every(storage):
        print(f"backup\t{backup.path}\t{backup.path.stat().st_size} bytes")


def check_health(_: argparse.Namespace) -> None:
    from deliver import heartbeat

    journal.info("healthy", **heartbeat.check(Storage.read()))


def make_backup(chosen: argparse.Namespace) -> None:
    from deliver import backups

    backups.make(Storage.read(), chosen.keep)


def restore_backup(chosen: argparse.Namespace) -> None:
    from deliver import backups

    journal.info("restored", **backups.restore(Storage.read(), chosen.file))


def verify_backup(chosen: argparse.Namespace) -> None:
    from deliver import backups

    journal.info("backup is good", **backups.verify(Storage.read(), chosen.max_age))
