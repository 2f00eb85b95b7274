"""The far ends as programs see them: HTTP servers that answer as Reddit's and DeepL's APIs and a webhook do."""

import base64
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

ID, SECRET, KEY = "client-id", "client-secret-canary", "deepl-key-canary:fx"


@dataclass
class Answer:
    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b"{}"


@dataclass
class Request:
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes
    at: float


class FarEnd:
    """`script` holds answers that are given before the right ones; `delay` is in seconds."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.script: list[Answer] = []
        self.delay = 0.0
        self.lock = threading.Lock()

    def answer(self, request: Request) -> Answer:
        raise NotImplementedError

    def handle(self, request: Request) -> Answer:
        with self.lock:
            self.requests.append(request)
            scripted = self.script.pop(0) if self.script else None
        time.sleep(self.delay)
        with self.lock:
            return scripted or self.answer(request)


def as_json(content: Any, **headers: str) -> Answer:
    return Answer(200, {"content-type": "application/json", **headers}, json.dumps(content).encode())


class Reddit(FarEnd):
    def __init__(self) -> None:
        super().__init__()
        self.posts: dict[str, list[dict[str, Any]]] = {}
        self.tokens: list[str] = []
        self.remaining = "99.0"
        self.reset = "60"

    def publish(self, subreddit: str, *names: str, text: str = "A text.", age: float = 0) -> None:
        for name in names:
            post = {
                "name": f"t3_{name}",
                "title": f"Title {name}",
                "selftext": text,
                "author": "ada",
                "permalink": f"/r/{subreddit}/comments/{name}/",
                "created_utc": time.time() - age + 1,
            }
            self.posts.setdefault(subreddit, []).insert(0, post)

    def answer(self, request: Request) -> Answer:
        if request.path == "/api/v1/access_token":
            expected = "Basic " + base64.b64encode(f"{ID}:{SECRET}".encode()).decode()
            if request.headers.get("authorization") != expected or request.body != b"grant_type=client_credentials":
                return Answer(401)
            self.tokens.append(f"token-{len(self.tokens) + 1}")
            return as_json({"access_token": self.tokens[-1], "token_type": "bearer", "expires_in": 86400, "scope": "*"})
        if not self.tokens or request.headers.get("authorization") != f"bearer {self.tokens[-1]}":
            return Answer(401)
        if "python-httpx" in request.headers.get("user-agent", "python-httpx"):
            return Answer(429, {"retry-after": "600"})
        _, subreddit, kind = request.path.removeprefix("/r").split("/")
        if kind != "new" or subreddit not in self.posts:
            return Answer(404)
        names = [post["name"] for post in self.posts[subreddit]]
        start = names.index(request.query["after"]) + 1 if "after" in request.query else 0
        end = start + int(request.query["limit"])
        page = self.posts[subreddit][start:end]
        after = page[-1]["name"] if end < len(names) else None
        children = [{"kind": "t3", "data": post} for post in page]
        headers = {"x-ratelimit-remaining": self.remaining, "x-ratelimit-reset": self.reset}
        return as_json({"kind": "Listing", "data": {"after": after, "children": children}}, **headers)


class DeepL(FarEnd):
    def answer(self, request: Request) -> Answer:
        if request.headers.get("authorization") != f"DeepL-Auth-Key {KEY}" or request.path != "/v2/translate":
            return Answer(403)
        if len(request.body) > 128 * 1024:
            return Answer(413)
        asked = json.loads(request.body)
        if not 1 <= len(asked["text"]) <= 50 or "" in asked["text"]:
            return Answer(400)
        made = [{"detected_source_language": "EN", "text": f"<{asked['target_lang']}>{text}"} for text in asked["text"]]
        return as_json({"translations": made})


class Webhook(FarEnd):
    def answer(self, _: Request) -> Answer:
        return Answer(204, {}, b"")

    @property
    def ids(self) -> list[str]:
        return [json.loads(request.body)["id"] for request in self.requests]


@contextmanager
def serving(far_end: FarEnd) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def respond(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", "0")))
            parts = urlsplit(self.path)
            query = {name: values[0] for name, values in parse_qs(parts.query).items()}
            headers = {name.lower(): value for name, value in self.headers.items()}
            answer = far_end.handle(Request(parts.path, query, headers, body, time.time()))
            try:
                self.send_response(answer.status)
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                if answer.status != 204:
                    self.send_header("content-length", str(len(answer.body)))
                self.end_headers()
                self.wfile.write(answer.body)
            except OSError:
                pass  # the program was killed, as some tests do

        do_GET = do_POST = respond  # noqa: N815 - the library's names

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
