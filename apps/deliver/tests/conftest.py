import io
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from far_end import ID, KEY, SECRET, DeepL, Reddit, Webhook, serving

from deliver import heartbeat
from deliver.command_line import main
from deliver.problem import Problem
from deliver.settings import Storage


class Service:
    """The program with its far ends and a folder for its data: `start` in a process of its own, `run` in this one."""

    def __init__(self, folder: Path, reddit: Reddit, deepl: DeepL, webhook: Webhook, urls: list[str]) -> None:
        self.reddit, self.deepl, self.webhook = reddit, deepl, webhook
        self.data = folder / "data"
        self.processes: list[subprocess.Popen[str]] = []
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.metrics_port = free.getsockname()[1]
        self.environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": os.pathsep.join(sys.path),
            "DELIVER_DATA": str(self.data),
            "DELIVER_INTERVAL": "1",
            "METRICS_PORT": str(self.metrics_port),
            "REDDIT_API_URL": urls[0],
            "REDDIT_CLIENT_ID": ID,
            "REDDIT_CLIENT_SECRET": SECRET,
            "DEEPL_API_URL": urls[1],
            "DEEPL_API_KEY": KEY,
            "DELIVER_WEBHOOK_URL": f"{urls[2]}/hook?token=webhook-canary",
        }

    @property
    def storage(self) -> Storage:
        return Storage(self.data, self.data / "backups")

    def start(self, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "deliver", *arguments],
            env={**self.environment, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.processes.append(process)
        return process

    def run(self, *arguments: str, code: int = 0, **environment: str) -> str:
        """What it printed, errors included; fails where the exit code is another."""
        out = io.StringIO()
        with (
            mock.patch.dict(os.environ, {**self.environment, **environment}, clear=True),
            redirect_stdout(out),
            redirect_stderr(out),
        ):
            try:
                found: object = main(list(arguments))
            except SystemExit as error:
                found = error.code
        assert found == code, f"{arguments} ended with {found}\n{out.getvalue()}"
        return out.getvalue()

    def run_apart(self, *arguments: str, code: int = 0, **environment: str) -> str:
        """As `run`, with all that a new process takes."""
        process = self.start(*arguments, **environment)
        out, errors = process.communicate(timeout=120)
        assert process.returncode == code, f"{arguments} ended with {process.returncode}\n{out}{errors}"
        return out + errors

    def daemon(self, **environment: str) -> subprocess.Popen[str]:
        process = self.start("monitor", "start", **environment)
        wait(lambda: process.poll() is None and self.healthy())
        return process

    def healthy(self) -> bool:
        try:
            heartbeat.check(self.storage)
        except (Problem, sqlite3.Error):
            return False
        return True

    def rows(self, query: str) -> list[Any]:
        connection = sqlite3.connect(self.data / "deliver.db", timeout=5)
        try:
            return connection.execute(query).fetchall()
        finally:
            connection.close()

    def states(self) -> dict[str, int]:
        return dict(self.rows("SELECT state, count(*) FROM posts GROUP BY state"))


def wait(condition: Callable[[], bool], seconds: float = 60) -> None:
    ends = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < ends, f"not within {seconds} s"
        time.sleep(0.05)


def told(process: subprocess.Popen[str], seconds: float = 60) -> Iterator[dict[str, Any]]:
    """Each line as it is logged. A process that runs on without what the test waits for is killed."""
    watch = threading.Timer(seconds, process.kill)
    watch.start()
    assert process.stdout is not None
    try:
        yield from map(json.loads, process.stdout)
    finally:
        watch.cancel()


def end(
    process: subprocess.Popen[str], number: signal.Signals = signal.SIGTERM
) -> tuple[int, list[dict[str, Any]], float]:
    """Exit code, the lines that it logged, and the seconds that the end took."""
    start = time.monotonic()
    process.send_signal(number)
    out, _ = process.communicate(timeout=60)
    return process.returncode, [json.loads(line) for line in out.splitlines()], time.monotonic() - start


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    reddit, deepl, webhook = Reddit(), DeepL(), Webhook()
    with ExitStack() as stack:
        urls = [stack.enter_context(serving(far_end)) for far_end in (reddit, deepl, webhook)]
        made = Service(tmp_path, reddit, deepl, webhook, urls)
        yield made
        for process in made.processes:
            if process.poll() is None:
                process.kill()
                process.communicate()
