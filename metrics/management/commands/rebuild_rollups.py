"""manage.py rebuild_rollups: compute the rollups anew from the rows and say what differed."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from governance.registry.models import System
from metrics.rollups.services import rebuild


class Command(BaseCommand):
    """Compute every rollup anew; differing rows are put right and recorded in the ledger."""

    help = __doc__ or ""

    def add_arguments(self, parser: CommandParser) -> None:
        """The shape of the command."""
        parser.add_argument("--system", metavar="SLUG", help="only this system")
        parser.add_argument("--json", action="store_true", dest="as_json")

    def handle(self, *args: Any, **options: Any) -> None:
        """Rebuild and print {"rows", "differing"}."""
        system = None
        if options["system"]:
            system = System.objects.filter(slug=options["system"]).first()
            if system is None:
                raise CommandError(f"There is no system '{options['system']}'.")
        found = rebuild(system=system)
        text = f"{found['rows']} rows, {found['differing']} differed"
        self.stdout.write(json.dumps(found) if options["as_json"] else text)
