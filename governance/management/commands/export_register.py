"""`manage.py export_register --by EMAIL [--csv | --zip] [--out FILE]`: the register that a person sees, as a file."""

import json
import sys
from pathlib import Path
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError, CommandParser

from governance.registry import archive, exchange


class Command(BaseCommand):
    """Writes JSON, CSV with one system a line, or a ZIP of one CSV a table; import_register takes them all."""

    help = "Export the register."

    def add_arguments(self, parser: CommandParser) -> None:
        """Whose view, which form, where to."""
        parser.add_argument("--by", required=True, help="e-mail address of the person whose view is exported")
        form = parser.add_mutually_exclusive_group()
        form.add_argument(
            "--csv", action="store_true", help="one system a line, without the rows that belong to it"
        )
        form.add_argument("--zip", action="store_true", help="everything: one CSV a table")
        parser.add_argument("--out", type=Path, help="file; else the standard output")

    def handle(self, *args: Any, **options: Any) -> None:
        """Write it."""
        by = get_user_model().objects.filter(email__iexact=options["by"], is_active=True).first()
        if by is None:
            raise CommandError("There is no such person.")
        document = exchange.export(by)
        if options["csv"]:
            data = archive.to_csv(document)
        elif options["zip"]:
            data = archive.to_zip(document)
        else:
            data = json.dumps(document, ensure_ascii=False, indent=2).encode()
        if options["out"]:
            options["out"].write_bytes(data)
        elif options["zip"]:
            sys.stdout.buffer.write(data)
        else:
            self.stdout.write(data.decode("utf-8-sig"))
