"""Sentry and mail, with servers of the tests in their place."""

import gzip
import socketserver
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from services import wait_for
from site_server import SiteServer, manage


@pytest.fixture
def sentry() -> Iterator[tuple[int, list[bytes]]]:
    events: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            events.append(gzip.decompress(body) if self.headers["Content-Encoding"] == "gzip" else body)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port, events
    server.shutdown()
    server.server_close()


def test_errors_go_to_sentry_where_it_has_an_address(migrated: dict[str, str], start, sentry, folder: Path) -> None:
    port, events = sentry
    (folder / "dsn").write_text(f"http://key@127.0.0.1:{port}/1")
    site: SiteServer = start({**migrated, "SENTRY_DSN_FILE": str(folder / "dsn")})
    assert site.client.get("/trial/fail").status == 500
    wait_for("the event", lambda: any(b"failed on purpose" in event for event in events))
    [event] = [event for event in events if b"failed on purpose" in event]
    assert b'"release":"profiles@1.0.0"' in event


def test_without_an_address_there_is_no_sentry(site: SiteServer) -> None:
    code = "import sentry_sdk; from config import wsgi; print(sentry_sdk.get_client().is_active())"
    assert manage(site.settings, "shell", "--no-imports", "-c", code) == "False\n"


class SmtpSession(socketserver.StreamRequestHandler):
    """As much of SMTP as one mail needs."""

    def handle(self) -> None:
        self.wfile.write(b"220 test\r\n")
        while line := self.rfile.readline():
            word = line[:4].upper()
            if word == b"DATA":
                self.wfile.write(b"354 go on\r\n")
                while (text := self.rfile.readline()) != b".\r\n":
                    self.server.lines.append(text.decode())
            self.wfile.write(b"250 yes\r\n" if word != b"QUIT" else b"221 bye\r\n")


def test_a_forgotten_password_is_answered_by_mail(migrated: dict[str, str], start) -> None:
    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), SmtpSession)
    server.lines = []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    mail = {
        "DJANGO_EMAIL_HOST": "127.0.0.1",
        "DJANGO_EMAIL_PORT": str(server.server_address[1]),
        "DJANGO_EMAIL_FROM": "people@example.com",
    }
    client = start({**migrated, **mail}).client
    client.get("/accounts/password_reset/")
    assert client.post("/accounts/password_reset/", {"email": "ada@example.com"}).status == 200
    text = "".join(server.lines)
    server.shutdown()
    server.server_close()
    assert "To: ada@example.com" in text
    assert "From: people@example.com" in text
    assert "/accounts/reset/" in text


def test_settings_of_other_services_are_passed_through(settings: dict[str, str], folder: Path) -> None:
    secrets = {
        "SPARKPOST_API_KEY": "mail-key",
        "CILOGON_CLIENT_ID": "cilogon:/client_id/1",
        "CILOGON_CLIENT_SECRET": "login-secret",
        "DJANGO_AWS_ACCESS_KEY_ID": "id",
        "DJANGO_AWS_SECRET_ACCESS_KEY": "key",
    }
    for name, value in secrets.items():
        (folder / name).write_text(value)
    files = {f"{name}_FILE": str(folder / name) for name in secrets}
    plain = {"DJANGO_AWS_STORAGE_BUCKET_NAME": "bucket", "DJANGO_AWS_S3_REGION_NAME": "eu-central-1"}
    names = ["EMAIL_HOST", "EMAIL_PORT", "EMAIL_USE_TLS", "EMAIL_HOST_USER", "EMAIL_HOST_PASSWORD", "CILOGON_CLIENT_ID"]
    names += [
        "CILOGON_CLIENT_SECRET",
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_STORAGE_BUCKET_NAME",
        "AWS_S3_REGION_NAME",
    ]
    code = f"from django.conf import settings as s; print(*(getattr(s, n) for n in {names}))"
    printed = manage({**settings, **files, **plain}, "shell", "--no-imports", "-c", code)
    assert printed == (
        "smtp.sparkpostmail.com 587 True SMTP_Injection mail-key cilogon:/client_id/1 login-secret id key bucket eu-central-1\n"
    )
