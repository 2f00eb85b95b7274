"""Django's `migrate`, which waits for the database and never runs twice at a time."""

import time
from typing import Any

from django.core.management.base import CommandError
from django.core.management.commands.migrate import Command as DjangoMigrate
from django.db import OperationalError, connections

# Seconds that a database may take to start.
PATIENCE = 30
# Any number that no other program uses in this database.
LOCK = 7_236_401


class Command(DjangoMigrate):
    def handle(self, *args: Any, **options: Any) -> None:
        connection = connections[options["database"]]
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                connection.ensure_connection()
                break
            except OperationalError as error:
                if time.monotonic() > deadline:
                    raise CommandError(f"DATABASE_URL: no answer within {PATIENCE} s: {error}", returncode=69) from error
                time.sleep(0.5)
        with connection.cursor() as cursor:
            # Given back when the connection closes, however this ends.
            cursor.execute("SELECT pg_advisory_lock(%s)", [LOCK])
            try:
                super().handle(*args, **options)
            finally:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK])
