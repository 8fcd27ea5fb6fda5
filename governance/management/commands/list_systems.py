"""`manage.py list_systems [--json]`: what is in the register."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from governance.registry.models import System
from governance.registry.serializers import system_shape
from portal.web.rest import dumps


class Command(BaseCommand):
    """Prints one line per system, or the list as the API gives it."""

    help = "List the systems in the register."

    def add_arguments(self, parser: CommandParser) -> None:
        """--json."""
        parser.add_argument("--json", action="store_true", help="print JSON, as the API does")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print."""
        rows = System.objects.select_related("unit").prefetch_related("versions", "flows")
        if options["json"]:
            self.stdout.write(dumps([system_shape(system) for system in rows]).decode())
            return
        for system in rows:
            self.stdout.write(f"{system.slug}\t{system.state}\t{system.unit.slug}\t{system.name}")
