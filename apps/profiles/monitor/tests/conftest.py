"""Sites to check, over HTTP and HTTPS, and the monitor in a process of its own."""

import json
import os
import signal
import socket
import ssl
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

# A number that the image does not know.
USER = 10654


class FakeSite(ThreadingHTTPServer):
    """Answers with `status` and `body`, after `delay` seconds; keeps the Host headers."""

    daemon_threads = True

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        self.status, self.body, self.delay, self.drip = 200, b"welcome", 0.0, 0.0
        self.hosts: list[str] = []
        self.paths: list[str] = []
        super().__init__(("127.0.0.1", 0), FakeHandler)
        scheme = "http"
        if context is not None:
            self.socket = context.wrap_socket(self.socket, server_side=True)
            scheme = "https"
        self.url = f"{scheme}://127.0.0.1:{self.server_port}/"
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, *_: object) -> None:
        pass


class FakeHandler(BaseHTTPRequestHandler):
    server: FakeSite

    def do_GET(self) -> None:
        self.server.hosts.append(self.headers["Host"])
        self.server.paths.append(self.path)
        time.sleep(self.server.delay)
        self.send_response(self.server.status)
        self.send_header("Content-Length", str(len(self.server.body)))
        self.end_headers()
        for number in range(len(self.server.body)):
            self.wfile.write(self.server.body[number : number + 1])
            time.sleep(self.server.drip)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def web() -> Iterator[FakeSite]:
    server = FakeSite()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> "Authority":
    return Authority(tmp_path_factory.mktemp("authority"))


class Authority:
    """Signs certificates; `file` is what a client must trust."""

    def __init__(self, folder: Path) -> None:
        for one in (folder, folder.parent, folder.parent.parent):
            one.chmod(0o755)
        self._folder = folder
        self.file = folder / "ca.pem"
        usage = ["-addext", "keyUsage=critical,keyCertSign,cRLSign"]
        self._openssl(
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "ca.key", *usage
        )
        self.file.chmod(0o644)

    def _openssl(self, *arguments: str) -> None:
        command = ["openssl", *arguments, "-out", "ca.pem", "-subj", "/CN=Test authority", "-days", "30"]
        subprocess.run(command, cwd=self._folder, check=True, capture_output=True)

    def context(self, name: str, days: int = 20, begin: str = "") -> ssl.SSLContext:
        """Of a server whose certificate is for `name`, from now or from `begin` (YYYYMMDDhhmmssZ) on for `days`."""
        key, request, certificate = (self._folder / f"{name}{begin}.{kind}" for kind in ("key", "csr", "pem"))
        new = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", str(key), "-out", str(request)]
        run = {"cwd": self._folder, "check": True, "capture_output": True}
        subprocess.run(["openssl", "req", *new, "-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}"], **run)
        ends = ["-not_before", begin, "-not_after", f"{int(begin[:4]) + 1}{begin[4:]}"] if begin else ["-days", str(days)]
        sign = ["openssl", "x509", "-req", "-in", str(request), "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial"]
        subprocess.run([*sign, *ends, "-copy_extensions", "copy", "-out", str(certificate)], **run)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        return context


@pytest.fixture
def secure(authority: Authority) -> Iterator[Callable[..., FakeSite]]:
    """Makes sites over HTTPS."""
    servers: list[FakeSite] = []

    def make(name: str, days: int = 20, begin: str = "") -> FakeSite:
        servers.append(FakeSite(authority.context(name, days, begin)))
        return servers[-1]

    yield make
    for server in servers:
        server.shutdown()
        server.server_close()


class Monitor:
    def __init__(self, sites: list[dict[str, Any]], folder: Path, **environment: str) -> None:
        self.port, self.metrics_port = free_port(), free_port()
        self.environment = {
            "PATH": os.environ["PATH"],
            "PYTHONUNBUFFERED": "1",
            "SITE_CHECKS": json.dumps(sites),
            "INTERVAL_SECONDS": "1",
            "PORT": str(self.port),
            "METRICS_PORT": str(self.metrics_port),
            "DATA_DIRECTORY": str(folder),
            **environment,
        }
        self.process = subprocess.Popen(
            ["python", "-m", "site_monitor"],
            cwd="/app", env=self.environment, user=USER, group=USER, extra_groups=[],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        self.printed: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        self.printed.extend(iter(self.process.stdout.readline, ""))

    def get(self, path: str) -> tuple[int, str]:
        return fetch(f"http://127.0.0.1:{self.port}{path}")

    def site(self, name: str) -> dict[str, Any]:
        return next(site for site in json.loads(self.get("/status.json")[1])["sites"] if site["name"] == name)

    def metrics(self) -> dict[str, float]:
        text = fetch(f"http://127.0.0.1:{self.metrics_port}/metrics")[1]
        return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in text.splitlines() if not line.startswith("#")}

    def log(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.printed]

    def health_command(self) -> int:
        command = ["python", "-I", "-S", "/app/health.py"]
        return subprocess.run(command, env=self.environment, user=USER, check=False, capture_output=True).returncode

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(60)
        self._reader.join(5)
        return status

    def kill(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A volume: it belongs to the monitor's user."""
    for one in (tmp_path.parent, tmp_path.parent.parent):
        one.chmod(0o755)
    os.chown(tmp_path, USER, USER)
    return tmp_path


@pytest.fixture
def start(folder: Path) -> Iterator[Callable[..., Monitor]]:
    monitors: list[Monitor] = []

    def started(*sites: dict[str, Any], checked: bool = True, **environment: str) -> Monitor:
        monitor = Monitor(list(sites), folder, **environment)
        monitors.append(monitor)
        wait_for(lambda: answers(monitor))
        if checked:
            wait_for(lambda: all(site["up"] is not None for site in json.loads(monitor.get("/status.json")[1])["sites"]))
        return monitor

    yield started
    for monitor in monitors:
        monitor.kill()


def answers(monitor: Monitor) -> bool:
    assert monitor.process.poll() is None, monitor.printed
    try:
        return monitor.get("/health")[0] == 200
    except OSError:
        return False


def wait_for(ready: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not ready():
        assert time.monotonic() < deadline, f"not within {seconds} s"
        time.sleep(0.05)


def fetch(url: str) -> tuple[int, str]:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=60) as response:
            return response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def free_port() -> int:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        return server.getsockname()[1]
