"""`manage.py export_evidence --system SLUG --from D --to D --out FILE`: make a pack here and now."""

import datetime as dt
import shutil
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from governance.evidence import build, services
from governance.registry.models import System
from portal.errors import RuleBroken
from portal.jobs.runner import run_job


class Command(BaseCommand):
    """Exit 0: the file is there; 1: refused, with the reason."""

    help = "Export an evidence pack about one or more systems and check nothing is left out."

    def add_arguments(self, parser: CommandParser) -> None:
        """Systems, period, file; optionally the auditor's number with the checkpoint that it belongs to."""
        parser.add_argument("--system", action="append", required=True, dest="systems", metavar="SLUG")
        parser.add_argument(
            "--from", required=True, type=dt.date.fromisoformat, dest="date_from", metavar="D"
        )
        parser.add_argument("--to", required=True, type=dt.date.fromisoformat, dest="date_to", metavar="D")
        parser.add_argument("--out", required=True, type=Path, metavar="FILE")
        parser.add_argument(
            "--number", default="", help="the auditor's number, chosen after seeing --end-size"
        )
        parser.add_argument("--end-size", type=int, help="the size of the checkpoint the auditor held")
        parser.add_argument("--sample", type=int, default=25, help="how many events to sample (25)")

    def handle(self, *args: Any, **options: Any) -> None:
        """Ask, make, record the hand-over, copy."""
        systems = list(System.objects.filter(slug__in=options["systems"]))
        unknown = set(options["systems"]) - {system.slug for system in systems}
        if unknown:
            raise CommandError(f"no system with the slug {', '.join(sorted(unknown))}")
        if not 1 <= options["sample"] <= 1000:
            raise CommandError("--sample is between 1 and 1000")
        try:
            pack = services.request_pack(
                systems=systems,
                date_from=options["date_from"],
                date_to=options["date_to"],
                auditor_number=options["number"],
                end_size=options["end_size"],
                sample_size=options["sample"],
                by="system",
                bell=False,
            )
            assert pack.job is not None  # noqa: S101 - request_pack has just set it
            run_job(pack.job.pk)
            pack.refresh_from_db()
            if pack.made_at is None:
                pack.job.refresh_from_db()
                raise CommandError(f"the pack was not made: {pack.job.error or pack.job.state}")
            shutil.copyfile(services.download(pack=pack, by="system"), options["out"])
        except RuleBroken as refusal:
            raise CommandError(str(refusal)) from refusal
        self.stdout.write(f"{options['out']}: {pack.size_bytes} bytes, SHA-256 {pack.sha256}")
        self.stdout.write(f"check it with: python3 {build.VERIFIER} {options['out']}")
