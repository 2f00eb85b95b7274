"""The server in a process of its own, and a client."""

import json
import os
import signal
import subprocess
import threading
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from email.message import Message
from typing import Any

from services import free_port, wait_for

# A number that the image does not know.
USER = 10321
_path = {"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1", "PYTHONUNBUFFERED": "1"}


def manage(settings: dict[str, str], *arguments: str, status: int = 0) -> str:
    """A command of manage.py; what it printed."""
    done = _run(settings, "python", "manage.py", *arguments)
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout + done.stderr


def start_and_fail(settings: dict[str, str]) -> tuple[int, str]:
    """Exit code and messages of a server that must not start."""
    done = _run(settings, "start")
    return done.returncode, done.stderr


def _run(environment: dict[str, str], *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd="/app",
        env={**_path, **environment},
        user=USER,
        group=USER,
        extra_groups=[],
        text=True,
        capture_output=True,
        timeout=120,
        check=False,
    )


@dataclass
class Answer:
    status: int
    headers: Message
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Client:
    def __init__(self, port: int) -> None:
        self.port = port
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def request(self, method: str, path: str, body: bytes | None = None) -> Answer:
        request = urllib.request.Request(f"http://localhost:{self.port}{path}", body, method=method)
        try:
            with self._opener.open(request, timeout=60) as response:
                return Answer(response.status, response.headers, response.read())
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, error.headers, error.read())

    def get(self, path: str) -> Answer:
        return self.request("GET", path)

    def send(self, method: str, path: str, data: Any) -> Answer:
        return self.request(method, path, json.dumps(data).encode())


class SiteServer:
    def __init__(self, settings: dict[str, str]) -> None:
        self.port, self.metrics_port = free_port(), free_port()
        ports = {"PORT": str(self.port), "METRICS_PORT": str(self.metrics_port)}
        self.settings = {**settings, **ports, "PROMETHEUS_MULTIPROC_DIR": f"/tmp/prometheus-{self.port}"}
        self.process = subprocess.Popen(
            ["start"],
            cwd="/app", env={**_path, **self.settings}, user=USER, group=USER, extra_groups=[],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        self.printed: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.printed.append(line)

    @property
    def client(self) -> Client:
        """A client."""
        return Client(self.port)

    def wait_until_well(self, seconds: float = 90) -> None:
        wait_for(f"the server; it printed {self.printed}", lambda: self.health() == 200, seconds)

    def health(self) -> int:
        assert self.process.poll() is None, "".join(self.printed)
        try:
            return self.client.get("/health").status
        except OSError:
            return 0

    def health_command(self) -> int:
        return _run({"PORT": str(self.port)}, "python", "-I", "-S", "/app/health.py").returncode

    def metrics(self) -> dict[str, float]:
        """Each line of the metrics."""
        text = Client(self.metrics_port).get("/metrics").text
        return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in text.splitlines() if not line.startswith("#")}

    def log(self) -> list[dict[str, Any]]:
        """Every line so far; a line that is no JSON is an error."""
        time.sleep(0.2)
        return [json.loads(line) for line in self.printed]

    def stop(self, seconds: float = 30) -> int:
        self.process.terminate()
        return self.process.wait(seconds)

    def kill(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGQUIT)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
        self._reader.join(5)
