#!/usr/bin/env python
"""Attune's command line: `python manage.py help`."""

import os
import sys


def main() -> None:
    """Run one management command, with the embedded services up where none are configured."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
