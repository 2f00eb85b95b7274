"""The schema through its releases, with rows in it."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from services import Postgres
from site_server import manage


def database_of(settings: dict[str, str]) -> str:
    return Path(settings["DATABASE_URL_FILE"]).read_text().strip().rpartition("/")[2]


def test_the_models_and_the_migrations_agree(settings: dict[str, str]) -> None:
    assert "No changes detected" in manage(settings, "makemigrations", "--check", "--dry-run")


def test_rows_of_the_first_release_are_kept_and_extended(settings: dict[str, str], postgres: Postgres) -> None:
    database = database_of(settings)
    manage(settings, "migrate", "people", "0001")
    columns = "name, slug, bio, affiliation, updated_at"
    rows = (
        "('Ada Example', 'ada', 'Writes programs', 'Engine Society, Club , Engine Society', now()), ('Bo', 'bo', '', '', now())"
    )
    postgres.sql(database, f"INSERT INTO people_person ({columns}) VALUES {rows}")
    manage(settings, "migrate", "people", "0002")
    joined = "people_affiliation a JOIN people_person p ON p.id = a.person_id"
    query = f"SELECT slug, organisation, role, since FROM {joined} ORDER BY 1, 2"
    assert postgres.sql(database, query) == [("ada", "Club", "", None), ("ada", "Engine Society", "", None)]
    manage(settings, "migrate")
    found = "SELECT slug FROM people_person WHERE search @@ websearch_to_tsquery('simple', 'programs')"
    assert postgres.sql(database, found) == [("ada",)]
    # Replicas of release 1 still read and write during the cut-over, and after a rollback.
    assert postgres.sql(database, "SELECT affiliation FROM people_person ORDER BY slug")[0] == (
        "Engine Society, Club , Engine Society",
    )
    postgres.sql(database, f"INSERT INTO people_person ({columns}) VALUES ('Cy', 'cy', '', 'Club', now())")


def test_a_second_run_changes_nothing_and_two_at_once_are_one_after_the_other(settings: dict[str, str]) -> None:
    with ThreadPoolExecutor(2) as both:
        printed = list(both.map(lambda _: manage(settings, "migrate", "--noinput"), range(2)))
    assert sorted("No migrations to apply" in text for text in printed) == [False, True]


def test_it_waits_for_a_database_that_is_not_there_yet(settings: dict[str, str], postgres: Postgres) -> None:
    postgres.stop()
    with ThreadPoolExecutor(1) as aside:
        try:
            migration = aside.submit(manage, settings, "migrate", "--noinput")
            assert not migration.done()
        finally:
            postgres.start()
        assert "Applying people.0003_search... OK" in migration.result()
