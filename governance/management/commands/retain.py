"""manage.py retain: delete what is past its time, as the nightly round does."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from governance.registry.models import System
from governance.retention import selectors
from governance.retention.services import request_round
from portal.jobs.rules import JobState
from portal.jobs.runner import run_job


class Command(BaseCommand):
    """Delete what is past its time now, in one system or in all; `--dry-run` only counts."""

    help = __doc__ or ""

    def add_arguments(self, parser: CommandParser) -> None:
        """The shape of the command."""
        parser.add_argument("--system", metavar="SLUG", help="only this system")
        parser.add_argument("--dry-run", action="store_true", help="count, change nothing")
        parser.add_argument(
            "--background", action="store_true", help="leave it to a worker and print the job"
        )
        parser.add_argument("--json", action="store_true", dest="as_json")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print {"deleted", "unnamed", "held"}; with `--dry-run` what is past each limit. Status 1: not done."""
        system = None
        if options["system"]:
            system = System.objects.filter(slug=options["system"]).first()
            if system is None:
                raise CommandError(f"There is no system '{options['system']}'.")
        if options["dry_run"]:
            self._count([system] if system else list(System.objects.order_by("slug")), options["as_json"])
            return
        job = request_round(system=system, by="system", bell=options["background"])
        if options["background"]:
            self.stdout.write(json.dumps({"job": str(job.pk)}) if options["as_json"] else f"job {job.pk}")
            return
        state = run_job(job.pk)
        job.refresh_from_db()
        if state is not JobState.DONE:
            raise CommandError(f"the round was not done: job {job.pk} is {job.state}. {job.error}".strip())
        found = job.result or {}
        text = f"{found['deleted']} rows deleted, {found['unnamed']} kept without what was personal"
        text += f"; systems under a legal hold: {found['held']}"
        self.stdout.write(json.dumps(found) if options["as_json"] else text)

    def _count(self, systems: list[System], as_json: bool) -> None:
        rows = [
            {"system": one.slug, "part": row.part, "days": row.days, "rows": row.rows,
             "oldest": row.oldest.isoformat() if row.oldest else None}
            for one in systems
            for row in selectors.standing(selectors.plan(one, timezone.now().date()))
        ]  # fmt: skip
        if as_json:
            self.stdout.write(json.dumps(rows))
            return
        for row in rows:
            self.stdout.write(
                f"{row['system']}: {row['part']} ({row['days']} days): {row['rows']} rows past it"
            )
