"""Postgres and Redis from Debian's packages, each in a directory of its own, on ports of their own."""

import itertools
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Self

import psycopg
import pytest
import redis

BINARIES = "/usr/lib/postgresql/17/bin"


def free_port() -> int:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        return server.getsockname()[1]


def wait_for(what: str, ready: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not ready():
        assert time.monotonic() < deadline, f"{what}: not within {seconds} s"
        time.sleep(0.05)


class Postgres:
    """Stop and start keep the data. The role `profiles` may do what a stack lets it do."""

    def __init__(self, folders: pytest.TempPathFactory) -> None:
        self.port = free_port()
        self._numbers = itertools.count(1)
        self._data = _folder(folders, "postgres", "postgres")
        self._run(f"{BINARIES}/initdb", "-D", self._data, "-A", "trust", "-N", "-E", "UTF8", "--locale", "C.UTF-8")
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        self.sql("postgres", "CREATE ROLE profiles LOGIN PASSWORD 'p@ss/word'")
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def url(self, database: str) -> str:
        return f"postgres://profiles:p%40ss%2Fword@127.0.0.1:{self.port}/{database}"

    def sql(self, database: str, statement: str) -> list[tuple]:
        with psycopg.connect(f"host=127.0.0.1 port={self.port} user=postgres dbname={database}", autocommit=True) as connection:
            cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description else []

    def create_database(self, template: str = "template1") -> str:
        name = f"profiles{next(self._numbers)}"
        self.sql("postgres", f"CREATE DATABASE {name} OWNER profiles TEMPLATE {template}")
        return name

    def start(self) -> None:
        flags = ["-c", "listen_addresses=127.0.0.1", "-c", f"unix_socket_directories={self._data}", "-c", "fsync=off"]
        command = [f"{BINARIES}/postgres", "-D", self._data, "-p", str(self.port), *flags]
        self._process = subprocess.Popen(command, user="postgres", group="postgres", stderr=subprocess.DEVNULL)
        wait_for("Postgres", self._answers)

    def stop(self) -> None:
        """Closes every connection, as a restart does."""
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait(60)
            self._process = None

    def freeze(self, *, on: bool) -> None:
        """Stops or continues every process of the server: its connections stay, and nothing answers."""
        assert self._process is not None
        server = self._process.pid
        for process in [server, *map(int, Path(f"/proc/{server}/task/{server}/children").read_text().split())]:
            os.kill(process, signal.SIGSTOP if on else signal.SIGCONT)

    def _answers(self) -> bool:
        try:
            self.sql("postgres", "SELECT 1")
        except psycopg.OperationalError:
            return False
        return True

    def _run(self, *command: str) -> None:
        subprocess.run(command, user="postgres", group="postgres", check=True, stdout=subprocess.DEVNULL)


class Redis:
    """With the access list of a stack: the user `profiles` may touch keys `profiles:*` only."""

    def __init__(self, folders: pytest.TempPathFactory) -> None:
        self.port = free_port()
        self._data = _folder(folders, "redis", "redis")
        rights = (
            "-@all +@read +@write +@transaction +@scripting +@pubsub +@connection -@admin -@dangerous -scan -randomkey -dbsize "
            "-pubsub|channels -pubsub|shardchannels -pubsub|numpat -client|tracking -function -script +script|load +script|exists "
            "+info +time +acl|whoami"
        )
        rules = f"user profiles on >secret resetkeys ~profiles:* resetchannels &profiles:* {rights}\n"
        rules = f"user default on nopass resetkeys resetchannels -@all +ping\nuser admin on >admin ~* &* +@all\n{rules}"
        Path(self._data, "users.acl").write_text(rules)
        self.url = f"redis://profiles:secret@127.0.0.1:{self.port}/0"
        self.admin = redis.Redis(port=self.port, username="admin", password="admin", decode_responses=True)
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        flags = ["--dir", self._data, "--save", "", "--appendonly", "yes", "--aclfile", f"{self._data}/users.acl"]
        command = ["redis-server", "--port", str(self.port), *flags]
        self._process = subprocess.Popen(command, user="redis", group="redis", stdout=subprocess.DEVNULL)
        wait_for("Redis", self._answers)

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(60)
            self._process = None

    def key_names(self) -> list[str]:
        return sorted(self.admin.keys("*"))

    def _answers(self) -> bool:
        try:
            return bool(self.admin.ping())
        except redis.RedisError:
            return False


def _folder(folders: pytest.TempPathFactory, name: str, owner: str) -> str:
    folder = folders.mktemp(name)
    # Another user has to pass the directories above it.
    for above in (folder.parent, folder.parent.parent):
        above.chmod(0o755)
    subprocess.run(["chown", f"{owner}:{owner}", folder], check=True)
    os.chmod(folder, 0o700)
    return str(folder)
