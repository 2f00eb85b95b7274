"""Wrong settings end the start with code 78 and the names of the variables."""

from pathlib import Path

from site_server import manage, start_and_fail


def test_everything_that_is_missing_is_named_at_once() -> None:
    status, told = start_and_fail({"DJANGO_SETTINGS_MODULE": "config.settings.production"})
    assert status == 78
    assert told.splitlines() == [
        "DATABASE_URL: required; set DATABASE_URL, DATABASE_URL_FILE, or POSTGRES_HOST and its kin",
        "DJANGO_SECRET_KEY: required; set DJANGO_SECRET_KEY, or DJANGO_SECRET_KEY_FILE to the path of a file with it",
        "REDIS_SERVER: required; set REDIS_URL, REDIS_URL_FILE, REDIS_SERVER or REDIS_HOST",
        "DJANGO_ALLOWED_HOSTS: required; host names separated by commas, for example profiles.example.com",
    ]


def test_wrong_values_are_named_and_secret_ones_not_shown(settings: dict[str, str]) -> None:
    wrong = {
        "GUNICORN_WORKERS": "many",
        "PORT": "0",
    }
    status, told = start_and_fail({**settings, **wrong})
    assert (status, told.splitlines()) == (
        78,
        ["PORT: '0' is not a whole number from 1 to 65535", "GUNICORN_WORKERS: 'many' is not a whole number from 1 to 32"],
    )
    wrong = {"DJANGO_SECRET_KEY": "canary", "DJANGO_HTTPS": "on", "LOG_LEVEL": "loud", "CILOGON_CLIENT_ID": "canary"}
    status, told = start_and_fail({**settings, **wrong})
    assert status == 78
    assert told.splitlines() == [
        "DJANGO_SECRET_KEY: DJANGO_SECRET_KEY and DJANGO_SECRET_KEY_FILE are both set; set one of them",
        "DJANGO_HTTPS: 'on' is not true or false",
        "CILOGON_CLIENT_ID: CILOGON_CLIENT_ID and CILOGON_CLIENT_SECRET are set both or neither",
        "LOG_LEVEL: 'loud' is not one of DEBUG, INFO, WARNING, ERROR",
    ]


def test_an_unknown_settings_module(settings: dict[str, str]) -> None:
    status, told = start_and_fail({**settings, "DJANGO_SETTINGS_MODULE": "config.settings.staging"})
    assert status == 78
    assert told.startswith("DJANGO_SETTINGS_MODULE: 'config.settings.staging' is not one of config.settings.local, ")


def test_commands_tell_the_same(settings: dict[str, str]) -> None:
    told = manage({**settings, "DJANGO_ALLOWED_HOSTS": ""}, "check", status=78)
    assert told == "DJANGO_ALLOWED_HOSTS: required; host names separated by commas, for example profiles.example.com\n"


def test_plain_names_are_accepted_too(settings: dict[str, str]) -> None:
    plain = {name.removesuffix("_FILE"): Path(path).read_text() for name, path in settings.items() if name.endswith("_FILE")}
    rest = {name: value for name, value in settings.items() if not name.endswith("_FILE")}
    assert len(plain) == 3
    manage({**rest, **{name: value.strip() for name, value in plain.items()}}, "migrate", "--noinput")


def test_production_passes_djangos_own_checks(settings: dict[str, str]) -> None:
    production = {**settings, "DJANGO_SETTINGS_MODULE": "config.settings.production", "DJANGO_HTTPS": "true"}
    # W004 and W008, HSTS and the redirect to HTTPS, are Traefik's; W009 is about the tests' own key.
    told = manage(production, "check", "--deploy", "--fail-level", "ERROR")
    warned = sorted({line.split("(")[1].split(")")[0] for line in told.splitlines() if line.startswith("?: (")})
    assert warned == ["security.W004", "security.W008", "security.W009"]
