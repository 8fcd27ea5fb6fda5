"""manage.py rotate_pseudonym_key: wrap every stored pseudonym in the next key of the ring."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from governance.holding import keys, rules
from governance.registry.models import System
from governance.transparency.tasks import ROTATE
from portal.jobs.rules import JobState
from portal.jobs.runner import run_job
from portal.jobs.services import enqueue


class Command(BaseCommand):
    """System by system, each in a transaction of its own; done again, it goes on where it stopped."""

    help = (
        "Wrap every pseudonym in the next key of ATTUNE_PSEUDONYM_KEYS; --status shows where each system is."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Only look."""
        parser.add_argument("--status", action="store_true", help="show the keys, change nothing")
        parser.add_argument(
            "--background", action="store_true", help="leave it to a worker and print the job"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """All systems, by name."""
        ring = keys.ring()
        if options["status"]:
            names = ", ".join(rules.key_id(secret) for secret in ring)
            self.stdout.write(f"keys of the ring, oldest first: {names}")
        elif len(ring) == 1:
            raise CommandError("ATTUNE_PSEUDONYM_KEYS holds no further key: add one on every process first.")
        else:
            job = enqueue(kind=ROTATE, payload={}, by="system", unique_key=ROTATE, bell=options["background"])
            if options["background"]:
                self.stdout.write(f"job {job.pk}")
                return
            state = run_job(job.pk)
            job.refresh_from_db()
            if state is not JobState.DONE:
                raise CommandError(
                    f"the key was not turned: job {job.pk} is {job.state}. {job.error}".strip()
                )
            self.stdout.write(f"{(job.result or {})['rows']} rows under the new key")
        for system in System.objects.order_by("slug"):
            self.stdout.write(f"{system.slug}: generation {keys.generation_of(system.pk)}")
