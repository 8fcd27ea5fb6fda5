"""manage.py rebuild_rollups: compute the rollups anew from the rows and say what differed."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from governance.registry.models import System
from metrics.rollups.services import request_rebuild
from portal.jobs.rules import JobState
from portal.jobs.runner import run_job


class Command(BaseCommand):
    """Compute every rollup anew; differing rows are put right and recorded in the ledger."""

    help = __doc__ or ""

    def add_arguments(self, parser: CommandParser) -> None:
        """The shape of the command."""
        parser.add_argument("--system", metavar="SLUG", help="only this system")
        parser.add_argument(
            "--background", action="store_true", help="leave it to a worker and print the job"
        )
        parser.add_argument("--json", action="store_true", dest="as_json")

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it here and now and print {"rows", "differing"}; in the background {"job"}. Status 1: not done."""
        system = None
        if options["system"]:
            system = System.objects.filter(slug=options["system"]).first()
            if system is None:
                raise CommandError(f"There is no system '{options['system']}'.")
        job = request_rebuild(system=system, bell=options["background"])
        if options["background"]:
            self.stdout.write(json.dumps({"job": str(job.pk)}) if options["as_json"] else f"job {job.pk}")
            return
        if run_job(job.pk) is not JobState.DONE:
            job.refresh_from_db()
            raise CommandError(
                f"the rollups were not computed: job {job.pk} is {job.state}. {job.error}".strip()
            )
        job.refresh_from_db()
        found = job.result or {}
        text = f"{found['rows']} rows, {found['differing']} differed"
        self.stdout.write(json.dumps(found) if options["as_json"] else text)
