"""manage.py erasures: keep the list of erasures outside the database, and erase again after a restore."""

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from governance.holding.services import erasure_list, replay


class Command(BaseCommand):
    """`export FILE` after erasures (daily, beside the backup); `replay FILE` after a restore, before anybody works."""

    help = "Write the list of erasures to a file, or erase everybody on such a file again after a restore."

    def add_arguments(self, parser: CommandParser) -> None:
        """What to do, and the file."""
        parser.add_argument("act", choices=["export", "replay"])
        parser.add_argument("file", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        """One line of JSON per erasure."""
        path: Path = options["file"]
        if options["act"] == "export":
            rows = erasure_list()
            path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
            self.stdout.write(f"{len(rows)} erasures written to {path}")
            return
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
            entries = [json.loads(line) for line in lines if line.strip()]
            done = replay(entries=entries, by="system")
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise CommandError(f"{path} is no list of erasures: {error}") from error
        self.stdout.write(f"{done['known']} on the list, {done['erased']} erased again")
