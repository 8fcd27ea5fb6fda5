"""`manage.py export_register --by EMAIL [--csv] [--out FILE]`: the whole register that a person sees, as a file."""

import json
from pathlib import Path
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError, CommandParser

from governance.registry import exchange


class Command(BaseCommand):
    """Writes JSON that import_register takes, or CSV with one system a line."""

    help = "Export the register."

    def add_arguments(self, parser: CommandParser) -> None:
        """Whose view, which form, where to."""
        parser.add_argument("--by", required=True, help="e-mail address of the person whose view is exported")
        parser.add_argument("--csv", action="store_true", help="one system a line")
        parser.add_argument("--out", type=Path, help="file; else the standard output")

    def handle(self, *args: Any, **options: Any) -> None:
        """Write it."""
        by = get_user_model().objects.filter(email__iexact=options["by"], is_active=True).first()
        if by is None:
            raise CommandError("There is no such person.")
        document = exchange.export(by)
        if options["csv"]:
            data = exchange.to_csv(document)
        else:
            data = json.dumps(document, ensure_ascii=False, indent=2).encode()
        if options["out"]:
            options["out"].write_bytes(data)
        else:
            self.stdout.write(data.decode("utf-8-sig"))
