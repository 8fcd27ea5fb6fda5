#!/usr/bin/env python
"""Attune's command line: `python manage.py help`."""

import os
import sys

# these need neither database nor broker; `up` brings its own
WITHOUT_SERVICES = {
    "", "help", "version", "--help", "-h", "--version", "up", "check", "collectstatic", "diffsettings", "findstatic",
    "makemigrations", "spectacular", "startapp", "document_metrics", "document_states",
}  # fmt: skip
UNDEFINED_TABLE = "42P01"  # PostgreSQL's code


def main() -> None:
    """Run one management command, with the embedded services up where none are configured."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    command = sys.argv[1] if len(sys.argv) > 1 else ""
    if command == "up":  # the supervisor starts faster and stays smaller without Django
        from portal.embedded import supervisor

        sys.exit(supervisor.main(sys.argv[2:]))
    if command not in WITHOUT_SERVICES and not {"-h", "--help"} & set(sys.argv):
        from portal import embedded

        try:
            embedded.ensure()
        except embedded.EmbeddedError as error:
            sys.exit(f"Attune cannot start: {error}")
    from django.core.management import execute_from_command_line
    from django.db import ProgrammingError

    try:
        execute_from_command_line(sys.argv)
    except ProgrammingError as error:
        if getattr(error.__cause__, "sqlstate", None) != UNDEFINED_TABLE:
            raise
        why = str(error).partition("\n")[0]
        sys.exit(f"The database is not up to date: run `manage.py migrate` first. ({why})")


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit("\nStopped.")
