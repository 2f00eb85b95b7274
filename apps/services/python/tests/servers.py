"""Postgres, Redis and the service, each as a process of its own."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

ROOT = Path(__file__).parent.parent


class Postgres:
    """In a temporary directory."""

    url = "postgres://postgres@127.0.0.1:55432/postgres"
    _bin = "/usr/lib/postgresql/17/bin"

    def __init__(self) -> None:
        self._data = tempfile.mkdtemp(prefix="postgres-") + "/data"

    def create(self) -> None:
        _run(f"{self._bin}/initdb", "-D", self._data, "-U", "postgres", "-A", "trust", "--no-sync")
        self.start()

    def start(self) -> None:
        options = "-p 55432 -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off"
        _run(f"{self._bin}/pg_ctl", "-D", self._data, "-w", "-o", options, "start")

    def signal(self, number: signal.Signals) -> None:
        """To all its processes: SIGSTOP keeps the connections and answers nothing."""
        for name in Path("/proc").glob("[0-9]*/comm"):
            if name.read_text() == "postgres\n":
                os.kill(int(name.parent.name), number)

    def stop(self) -> None:
        _run(f"{self._bin}/pg_ctl", "-D", self._data, "-w", "-m", "immediate", "stop")


class Redis:
    """With the user and the rights that a stack gives."""

    url = "redis://service-python:secret@127.0.0.1:56379"
    _process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        rights = (
            "on >secret resetkeys ~service-python:* resetchannels "
            "-@all +@read +@write +@transaction +@scripting +@pubsub +@connection -@admin -@dangerous -scan -randomkey -dbsize "
            "-pubsub|channels -pubsub|shardchannels -pubsub|numpat -client|tracking -function -script +script|load +script|exists "
            "+info +time +acl|whoami"
        )
        lines = ["port 56379", "bind 127.0.0.1", 'save ""', "user default off", f"user service-python {rights}", ""]
        self._process = subprocess.Popen(["redis-server", "-"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
        assert self._process.stdin
        self._process.stdin.write("\n".join(lines).encode())
        self._process.stdin.close()
        eventually("Redis answers", lambda: listens(56_379))

    def silence(self) -> None:
        """It keeps its connections and answers nothing."""
        assert self._process
        self._process.send_signal(signal.SIGSTOP)

    def stop(self) -> None:
        if self._process:
            self._process.kill()
            self._process.wait()


class Service:
    """As the image runs it; its output goes to a file."""

    def __init__(self, environment: Mapping[str, str], port: int = 53_000) -> None:
        self.port = port
        self.metrics_port = port + 1
        self._output = Path(tempfile.mkdtemp(prefix="service-")) / "output"
        with self._output.open("wb") as output:
            ports = {"PORT": str(port), "METRICS_PORT": str(port + 1)}
            self.process = subprocess.Popen(
                [sys.executable, "-m", "service", "serve"],
                cwd=ROOT,
                env={"PATH": os.environ["PATH"], **ports, **environment},
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        eventually("the service starts", lambda: '"started"' in self.output and listens(port))

    @property
    def output(self) -> str:
        return self._output.read_text()

    def stop(self) -> int:
        """Exit code."""
        self.process.terminate()
        return self.process.wait(30)


def command(words: list[str], environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """One command of the service, to its end."""
    return begin(words, environment)()


def begin(words: list[str], environment: Mapping[str, str]) -> Callable[[], subprocess.CompletedProcess[str]]:
    """One command of the service; the result waits for its end."""
    process = subprocess.Popen(
        [sys.executable, "-m", *words],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )

    def end() -> subprocess.CompletedProcess[str]:
        output, _ = process.communicate(timeout=60)
        return subprocess.CompletedProcess(words, process.returncode, output)

    return end


def eventually(what: str, check: Callable[[], bool], seconds: float = 15) -> None:
    end = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < end, f"not within {seconds} s: {what}"
        time.sleep(0.05)


def listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


def _run(*words: str) -> None:
    # Not a pipe: the server would keep it open as long as it runs.
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
