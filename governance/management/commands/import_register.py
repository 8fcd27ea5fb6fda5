"""`manage.py import_register FILE --unit PATH --by EMAIL [--dry-run] [--json]`: take a register in, all or nothing."""

import json
from pathlib import Path
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError, CommandParser

from governance.review import imports
from governance.review.files import document_of
from portal.accounts.models import Unit
from portal.errors import Invalid, RuleBroken


class Command(BaseCommand):
    """Exit 0: imported, or a dry run without faults; 1: refused, with the faults."""

    help = "Import a register (JSON, ZIP or CSV, as export_register writes them) as the person who answers for it."

    def add_arguments(self, parser: CommandParser) -> None:
        """The file, where it goes, who does it."""
        parser.add_argument("file", type=Path)
        parser.add_argument("--unit", required=True, help="path of the unit, such as /organisation/claims/")
        parser.add_argument("--by", required=True, help="e-mail address of a person who edits that register")
        parser.add_argument("--dry-run", action="store_true", help="say what would happen, change nothing")
        parser.add_argument("--json", action="store_true", help="print the report as the API gives it")

    def handle(self, *args: Any, **options: Any) -> None:
        """Import and print the report."""
        unit = Unit.objects.filter(path=options["unit"]).first()
        by = get_user_model().objects.filter(email__iexact=options["by"], is_active=True).first()
        if unit is None or by is None:
            raise CommandError("There is no such unit, or no such person.")
        try:
            document = document_of(options["file"].read_bytes())
            report = imports.take_in(document=document, unit=unit, by=by, dry_run=options["dry_run"])
        except (OSError, Invalid, RuleBroken) as error:
            raise CommandError(str(error)) from error
        if options["json"]:
            self.stdout.write(json.dumps(report.to_dict(), indent=2))
        else:
            for line in report.lines:
                faults = "; ".join(f"{f['field']}: {f['message']}" for f in line.faults)
                self.stdout.write(
                    f"{line.act}\t{line.kind}\t{line.name}\t{faults or ', '.join(line.changed)}"
                )
        if report.counts["refused"]:
            raise CommandError("Refused: nothing was imported.")
