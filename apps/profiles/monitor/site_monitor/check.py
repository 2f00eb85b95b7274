"""One question to one site."""

import contextlib
import http.client
import socket
import ssl
import threading
import time
from dataclasses import dataclass
from urllib.parse import urlsplit

from site_monitor import VERSION
from site_monitor.settings import Site

# Bytes of an answer that are read.
LONGEST = 1024 * 1024


@dataclass(frozen=True)
class Result:
    site: str
    # Seconds since 1970, when the question began.
    at: float
    seconds: float
    up: bool
    # Why not, in words; empty when it is up.
    reason: str = ""
    # Seconds since 1970 at which the certificate ends; None without TLS, or where no connection was made.
    certificate_end: float | None = None


def check(site: Site) -> Result:
    """Asks once. Never raises: what goes wrong is the reason."""
    at, begin = time.time(), time.monotonic()
    question = _Question(site)
    try:
        reason = question.ask()
    except TimeoutError:
        reason = f"no answer within {site.timeout_seconds:g} s"
    except ssl.SSLCertVerificationError as error:
        reason = f"certificate: {error.verify_message}"
    except ssl.SSLError as error:
        reason = f"TLS: {error.reason or error}"
    except socket.gaierror:
        reason = f"no address for {urlsplit(site.url).hostname}"
    except (OSError, http.client.HTTPException) as error:
        reason = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    if question.late:
        # Whatever the cut connection looked like.
        reason = f"no answer within {site.timeout_seconds:g} s"
    return Result(site.name, at, time.monotonic() - begin, not reason, reason, question.certificate_end)


class _Question:
    def __init__(self, site: Site) -> None:
        self.late = False
        self.certificate_end: float | None = None
        self._site = site
        self._socket: socket.socket | None = None

    def ask(self) -> str:
        """The reason why the site counts as down, or an empty text."""
        site = self._site
        # A limit for all of it: the socket's own is for each read, and a site may send a byte at a time.
        limit = threading.Timer(site.timeout_seconds, self._cut)
        limit.daemon = True
        limit.start()
        try:
            connection = self._connect()
            target = urlsplit(site.url)
            path = (target.path or "/") + (f"?{target.query}" if target.query else "")
            connection.putrequest("GET", path, skip_host=True, skip_accept_encoding=True)
            connection.putheader("Host", site.host or target.netloc)
            connection.putheader("User-Agent", f"site-monitor/{VERSION}")
            connection.putheader("Connection", "close")
            connection.endheaders()
            answer = connection.getresponse()
            body = answer.read(LONGEST)
        finally:
            limit.cancel()
            if self._socket is not None:
                self._socket.close()
        if answer.status != site.status:
            return f"status {answer.status} instead of {site.status}"
        if site.contains and site.contains.encode() not in body:
            return "the expected text is not in the answer"
        return ""

    def _connect(self) -> http.client.HTTPConnection:
        site, target = self._site, urlsplit(self._site.url)
        secure = target.scheme == "https"
        host, port = target.hostname or "", target.port or (443 if secure else 80)
        connection = http.client.HTTPConnection(host, port, timeout=site.timeout_seconds)
        self._socket = socket.create_connection((host, port), site.timeout_seconds)
        if secure:
            # Trusts what the system trusts; SSL_CERT_FILE names other authorities.
            name = (site.host or host).partition(":")[0] if not host.startswith("[") else host
            wrapped = ssl.create_default_context().wrap_socket(self._socket, server_hostname=name)
            self._socket = wrapped
            end = (wrapped.getpeercert() or {}).get("notAfter")
            self.certificate_end = float(ssl.cert_time_to_seconds(str(end))) if end else None
        connection.sock = self._socket
        return connection

    def _cut(self) -> None:
        self.late = True
        if self._socket is not None:
            with contextlib.suppress(OSError):  # It has ended by itself.
                self._socket.shutdown(socket.SHUT_RDWR)
