#!/usr/bin/env python
"""Django's commands."""

import os
import sys

from django.core.management import execute_from_command_line

from config.environment import SettingsError


def main() -> None:
    try:
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
        execute_from_command_line(sys.argv)
    except SettingsError as error:
        print(error, file=sys.stderr)
        sys.exit(78)


if __name__ == "__main__":
    main()
