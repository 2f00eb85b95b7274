from pathlib import Path

import pytest
from conftest import Service

from deliver.settings import Settings, SettingsError

GIVEN = {"REDDIT_CLIENT_ID": "id", "REDDIT_CLIENT_SECRET": "secret-canary", "DEEPL_API_KEY": "key-canary"}


def test_a_start_without_secrets_names_each_that_is_missing(service: Service) -> None:
    nothing = {"REDDIT_CLIENT_ID": "", "REDDIT_CLIENT_SECRET": "", "DEEPL_API_KEY": ""}
    for once in ([], ["--once"]):
        text = service.run("monitor", "start", *once, code=78, **nothing)
        for name in nothing:
            assert f"\n  {name}: is missing; fix: set {name}, or {name}_FILE" in text
    assert not service.data.exists()


def test_secrets_come_from_files_without_their_last_newline(tmp_path: Path) -> None:
    environment = {}
    for name, value in GIVEN.items():
        (tmp_path / name).write_text(f"{value}\n")
        environment[f"{name}_FILE"] = str(tmp_path / name)
    settings = Settings.read(environment)
    assert (settings.reddit_id, settings.reddit_secret, settings.deepl_key) == tuple(GIVEN.values())
    assert "canary" not in repr(settings)


def test_a_secret_given_twice_or_in_place_of_a_path_is_refused_without_showing_it(tmp_path: Path) -> None:
    for wrong in ({"DEEPL_API_KEY_FILE": str(tmp_path)}, {"DEEPL_API_KEY_FILE": "key-canary", "DEEPL_API_KEY": ""}):
        with pytest.raises(SettingsError) as error:
            Settings.read({**GIVEN, **wrong})
        assert "DEEPL_API_KEY" in str(error.value)
        assert "canary" not in str(error.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("REDDIT_API_URL", "reddit.com"),
        ("DEEPL_API_URL", "ftp://deepl.com"),
        ("DELIVER_WEBHOOK_URL", "no-address-canary"),
        ("DELIVER_SINKS", "log,pigeon"),
        ("DELIVER_SINKS", "webhook"),
        ("DELIVER_INTERVAL", "0"),
        ("DELIVER_LEASE", "1.5"),
        ("METRICS_PORT", "70000"),
        ("DELIVER_DATA", "data"),
        ("LOG_LEVEL", "loud"),
    ],
)
def test_a_wrong_value_is_named_with_what_is_allowed(name: str, value: str) -> None:
    with pytest.raises(SettingsError) as error:
        Settings.read({**GIVEN, name: value})
    assert "canary" not in str(error.value)
    assert any(word in str(error.value) for word in ("allowed:", "example:", "fix:"))
    assert ("DELIVER_WEBHOOK_URL" if value == "webhook" else name) in str(error.value)


def test_defaults() -> None:
    settings = Settings.read(GIVEN)
    assert settings.storage.database == Path("/app/data/deliver.db")
    assert settings.reddit_api == "https://oauth.reddit.com"
    assert settings.reddit_auth == "https://www.reddit.com"
    assert settings.deepl_api == "https://api.deepl.com"
    assert Settings.read({**GIVEN, "DEEPL_API_KEY": "x:fx"}).deepl_api == "https://api-free.deepl.com"
    assert (settings.sinks, settings.metrics_port) == (("log",), 9090)
    assert Settings.read({**GIVEN, "DELIVER_WEBHOOK_URL": "https://x/y"}).sinks == ("webhook",)
