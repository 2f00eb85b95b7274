"""Postgres, Redis and the server, as a container has them: another user, nothing but /tmp to write."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from services import Postgres, Redis
from site_server import SiteServer, manage

SECRET = "a secret key of the tests, long enough"


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    with Postgres(tmp_path_factory) as server:
        yield server


@pytest.fixture(scope="session")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Redis]:
    with Redis(tmp_path_factory) as server:
        yield server


@pytest.fixture(scope="session")
def environment(postgres: Postgres, redis: Redis, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], dict[str, str]]:
    """Environment for a database, by its name; its secrets are files, as in a stack."""

    def of(database: str) -> dict[str, str]:
        folder = opened(tmp_path_factory.mktemp("secrets"))
        files = {"DJANGO_SECRET_KEY": SECRET, "DATABASE_URL": postgres.url(database), "REDIS_URL": redis.url}
        for name, value in files.items():
            (folder / name).write_text(f"{value}\n")
        return {
            **{f"{name}_FILE": str(folder / name) for name in files},
            "REDIS_PREFIX": "service-django:",
        }

    return of


def opened(folder: Path) -> Path:
    """Readable for the server's user, with the directories above it."""
    for one in (folder, folder.parent, folder.parent.parent):
        one.chmod(0o755)
    return folder


@pytest.fixture
def settings(environment: Callable[[str], dict[str, str]], postgres: Postgres) -> dict[str, str]:
    """Environment with an empty database of its own."""
    return environment(postgres.create_database())


@pytest.fixture
def migrated(settings: dict[str, str]) -> dict[str, str]:
    manage(settings, "migrate", "--noinput")
    return settings


@pytest.fixture
def start() -> Iterator[Callable[..., SiteServer]]:
    """Starts a server with the given environment; it is stopped after the test."""
    servers: list[SiteServer] = []

    def started(environment: dict[str, str]) -> SiteServer:
        servers.append(SiteServer(environment))
        servers[-1].wait_until_well()
        return servers[-1]

    yield started
    for server in servers:
        server.kill()


@pytest.fixture
def site(migrated: dict[str, str], start: Callable[..., SiteServer]) -> SiteServer:
    """A server on an empty database."""
    return start(migrated)
