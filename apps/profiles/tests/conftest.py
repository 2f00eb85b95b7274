"""Postgres, Redis and the site's own server, as a container has them: another user, nothing but /tmp to write."""

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
            "DJANGO_SETTINGS_MODULE": "config.settings.test",
            "DJANGO_ALLOWED_HOSTS": "localhost,profiles.test",
            "DJANGO_HTTPS": "false",
            "REDIS_PREFIX": "profiles:",
        }

    return of


def opened(folder: Path) -> Path:
    """Readable for the server's user, with the directories above it."""
    for one in (folder, folder.parent, folder.parent.parent):
        one.chmod(0o755)
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A directory that the server's user can read."""
    return opened(tmp_path)


@pytest.fixture
def settings(environment: Callable[[str], dict[str, str]], postgres: Postgres) -> dict[str, str]:
    """Environment with an empty database of its own."""
    return environment(postgres.create_database())


@pytest.fixture(scope="session")
def template(environment: Callable[[str], dict[str, str]], postgres: Postgres) -> str:
    """A migrated database with the users ada, bob and the administrator staff; each one's password is its name."""
    name = postgres.create_database()
    manage(environment(name), "migrate", "--noinput")
    code = "from django.contrib.auth.models import User as U; U.objects.create_user('ada', 'ada@example.com', 'ada');"
    code += "U.objects.create_user('bob', 'bob@example.com', 'bob'); U.objects.create_superuser('staff', '', 'staff')"
    manage(environment(name), "shell", "--no-imports", "-c", code)
    return name


@pytest.fixture
def migrated(environment: Callable[[str], dict[str, str]], postgres: Postgres, template: str) -> dict[str, str]:
    """Environment with a copy of the template."""
    return environment(postgres.create_database(template))


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
def own_site(migrated: dict[str, str], start: Callable[..., SiteServer]) -> SiteServer:
    """A server that the test may stop or count with, on a database of its own."""
    return start(migrated)


@pytest.fixture(scope="session")
def shared_site(environment: Callable[[str], dict[str, str]], postgres: Postgres, template: str) -> Iterator[SiteServer]:
    server = SiteServer(environment(postgres.create_database(template)))
    server.wait_until_well()
    yield server
    server.kill()


@pytest.fixture
def site(shared_site: SiteServer, postgres: Postgres, redis: Redis) -> SiteServer:
    """The server that most tests share, with nobody in its database but the template's users."""
    postgres.sql(shared_site.database, "TRUNCATE people_person CASCADE")
    redis.admin.flushall()
    return shared_site
