"""Reading of settings, without Django."""

from pathlib import Path

import pytest

from config.environment import Environment, SettingsError, database, redis_url, settings_module


def problems(environment: Environment) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        environment.check()
    return str(caught.value).splitlines()


def test_a_secret_comes_from_its_file_or_its_plain_name(tmp_path: Path) -> None:
    (tmp_path / "key").write_text(" from the file\n\n")
    environment = Environment({"KEY_FILE": str(tmp_path / "key"), "PLAIN": "plain"})
    assert environment.secret("KEY") == " from the file\n"
    assert environment.secret("PLAIN") == "plain"
    environment.check()


def test_mistakes_are_told_together_and_without_values(tmp_path: Path) -> None:
    (tmp_path / "short").write_text("canary")
    environment = Environment({"A": "canary", "A_FILE": "/a", "B_FILE": "/nowhere", "S_FILE": f"{tmp_path}/short", "N": "70000"})
    for name in ("A", "B", "C"):
        environment.secret(name, required=True)
    environment.secret("S", minimum=32)
    environment.integer("N", 1, 1, 65535)
    told = problems(environment)
    assert told == [
        "A: A and A_FILE are both set; set one of them",
        "B_FILE: cannot read /nowhere: No such file or directory",
        "C: required; set C, or C_FILE to the path of a file with it",
        "S: has 6 characters, 32 or more are needed",
        "N: '70000' is not a whole number from 1 to 65535",
    ]


@pytest.mark.parametrize("text", ["yes", "1", "True"])
def test_a_boolean_is_true_or_false(text: str) -> None:
    environment = Environment({"X": text})
    environment.boolean("X", default=False)
    assert problems(environment) == [f"X: {text!r} is not true or false"]


@pytest.mark.parametrize("text", ["0", "65536", "-1", "1e3", "9" * 5000, "٣"])
def test_a_number_is_whole_and_within_bounds(text: str) -> None:
    environment = Environment({"X": text})
    environment.integer("X", 1, 1, 65535)
    assert len(problems(environment)) == 1


def test_the_database_by_its_url() -> None:
    environment = Environment({"DATABASE_URL": "postgresql://u%40x:p%2Fw@[::1]:6432/db?sslmode=verify-full"})
    assert database(environment) == {
        "HOST": "::1", "PORT": 6432, "USER": "u@x", "NAME": "db", "PASSWORD": "p/w", "OPTIONS": {"sslmode": "verify-full"},
    }  # fmt: skip
    environment.check()


@pytest.mark.parametrize(
    "url", ["mysql://u:p@h/db", "postgres://u:p@h", "postgres://h/db", "postgres://u:p@h:x/db", "postgres://u:p@[/db", "text"]
)
def test_a_wrong_url_of_the_database_is_not_shown(url: str) -> None:
    environment = Environment({"DATABASE_URL": url})
    database(environment)
    assert problems(environment) == ["DATABASE_URL: must be postgres://USER:PASSWORD@HOST:PORT/DATABASE"]


def test_the_database_by_parts() -> None:
    given = {"POSTGRES_HOST": "h", "POSTGRES_USER": "u", "POSTGRES_DB": "d", "POSTGRES_PASSWORD": "p"}
    expected = {"HOST": "h", "PORT": 5432, "USER": "u", "NAME": "d", "PASSWORD": "p", "OPTIONS": {}}
    assert database(Environment(given)) == expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"REDIS_URL": "redis://u:p@h:1/0", "REDIS_SERVER": "other"}, "redis://u:p@h:1/0"),
        ({"REDIS_SERVER": "cache"}, "redis://cache:6379/0"),
        ({"REDIS_SERVER": "cache:6380", "REDIS_HOST": "other"}, "redis://cache:6380/0"),
        ({"REDIS_HOST": "h", "REDIS_PORT": "7000"}, "redis://h:7000/0"),
    ],
)
def test_the_address_of_redis(given: dict[str, str], expected: str) -> None:
    environment = Environment(given)
    assert redis_url(environment) == expected
    environment.check()


@pytest.mark.parametrize(
    "given", [{}, {"REDIS_URL": "http://h"}, {"REDIS_SERVER": "h:0"}, {"REDIS_SERVER": ":1"}, {"REDIS_URL": "redis://h:x"}]
)
def test_a_wrong_address_of_redis(given: dict[str, str]) -> None:
    environment = Environment(given)
    redis_url(environment)
    assert len(problems(environment)) == 1


def test_the_settings_modules() -> None:
    assert settings_module({}) == "config.settings.production"
    with pytest.raises(SettingsError, match=r"^DJANGO_SETTINGS_MODULE: 'settings.dev' is not one of config.settings.local, "):
        settings_module({"DJANGO_SETTINGS_MODULE": "settings.dev"})
