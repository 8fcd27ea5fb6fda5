"""`manage.py verify_ledger [--json]`: recompute the ledger, name the first bad record."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from portal.ledger import keys, verify


class Command(BaseCommand):
    """Exit 0: verified; 1: not verified."""

    help = "Recompute the ledger from its first leaf and compare it with every signed checkpoint."

    def add_arguments(self, parser: CommandParser) -> None:
        """Only the shape of the answer can be chosen."""
        parser.add_argument("--json", action="store_true", help="answer with one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the report; a fault ends with exit code 1."""
        report = verify.verify()
        if options["json"]:
            self.stdout.write(json.dumps(report.to_dict(), indent=2))
            if not report.ok:
                raise SystemExit(1)
            return
        refusal = keys.refusal()
        if refusal:
            self.stderr.write(f"the signer refuses to sign since {refusal.strip()}")
        self.stdout.write(
            f"{report.size} leaves, {report.checkpoints} checkpoints, {report.erased} bodies erased, "
            f"{report.unsigned} leaves not yet signed, {report.pending} events in the queue\nroot {report.root}"
        )
        if report.ok:
            self.stdout.write("verified")
            return
        for fault in report.faults[:20]:
            self.stdout.write(f"  {fault.code}: {fault.message}")
        raise CommandError(f"NOT verified: {report.faults[0].message}", returncode=1)
