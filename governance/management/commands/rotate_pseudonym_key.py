"""manage.py rotate_pseudonym_key: wrap every stored pseudonym in the next key of the ring."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from governance.holding import keys, rules
from governance.holding.services import rotate_key
from governance.registry.models import System


class Command(BaseCommand):
    """System by system, each in a transaction of its own; done again, it goes on where it stopped."""

    help = (
        "Wrap every pseudonym in the next key of ATTUNE_PSEUDONYM_KEYS; --status shows where each system is."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Only look."""
        parser.add_argument("--status", action="store_true", help="show the keys, change nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        """All systems, by name."""
        ring = keys.ring()
        if options["status"]:
            names = ", ".join(rules.key_id(secret) for secret in ring)
            self.stdout.write(f"keys of the ring, oldest first: {names}")
        elif len(ring) == 1:
            raise CommandError("ATTUNE_PSEUDONYM_KEYS holds no further key: add one on every process first.")
        for system in System.objects.order_by("slug"):
            if options["status"]:
                self.stdout.write(f"{system.slug}: generation {keys.generation_of(system.pk)}")
                continue
            rows = 0
            while turned := rotate_key(system=system, by="system"):
                rows += turned
            self.stdout.write(f"{system.slug}: {rows} rows, generation {keys.generation_of(system.pk)}")
