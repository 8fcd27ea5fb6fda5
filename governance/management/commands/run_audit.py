"""manage.py run_audit: run one audit here and now, and print the run as the API does."""

import json
import time
from argparse import ArgumentParser
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from governance.audits import registry, selectors, services
from governance.audits.models import AuditRun
from governance.registry.models import System
from portal.errors import Invalid, RuleBroken
from portal.jobs import runner
from portal.jobs.rules import OPEN


class Command(BaseCommand):
    """Exit code 0 when the run is done, whatever its verdict; 1 when it was refused or failed."""

    help = "Run an audit of a system and print the run (no worker needed)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """--system SLUG --audit KIND [--from DAY --to DAY | --evaluation NAME] [--json]."""
        parser.add_argument("--system", required=True, metavar="SLUG")
        parser.add_argument("--audit", required=True, metavar="KIND", help="such as sentiment_accuracy")
        parser.add_argument("--from", dest="date_from", type=date.fromisoformat, metavar="YYYY-MM-DD")
        parser.add_argument("--to", dest="date_to", type=date.fromisoformat, metavar="YYYY-MM-DD")
        parser.add_argument("--evaluation", default="", metavar="NAME", help="an imported evaluation set")
        parser.add_argument("--json", action="store_true", help="print the run as the API does")

    def handle(self, *args: Any, **options: Any) -> None:
        """Start, run, print."""
        system = System.objects.filter(slug=options["system"]).first()
        if system is None:
            raise CommandError(f"There is no system '{options['system']}'.")
        if registry.find(options["audit"]) is None:
            known = ", ".join(kind.kind for kind in registry.all_kinds())
            raise CommandError(f"There is no audit '{options['audit']}'; there are: {known}.")
        try:
            run = services.start_run(
                system=system,
                kind=options["audit"],
                date_from=options["date_from"],
                date_to=options["date_to"],
                evaluation=options["evaluation"],
                by="system",
                bell=False,
            )
        except (RuleBroken, Invalid) as refusal:
            raise CommandError(str(refusal)) from None
        run = self._finish(run)
        shape = selectors.run_shape(run)
        self.stdout.write(json.dumps(shape, indent=2) if options["json"] else _text(shape))
        if shape["state"] != "done":
            raise CommandError(shape["error"] or f"the run is {shape['state']}")

    def _finish(self, run: AuditRun) -> AuditRun:
        """Do the job here, or wait for the worker that was faster; errors are tried again like a worker
        would."""
        while True:
            runner.run_job(run.job_id)
            run = AuditRun.objects.select_related("job", "system", "plan").get(pk=run.pk)
            if run.job.state not in OPEN:
                return run
            if run.job.error:
                self.stderr.write(f"attempt {run.job.attempts}: {run.job.error}")
            time.sleep(1)


def _text(shape: dict[str, Any]) -> str:
    lines = [f"{shape['kind']} of {shape['system']}: {shape['verdict'] or shape['state']}"]
    for check in shape["checks"]:
        figure = check["figure"] or {}
        low, high = figure.get("ci") or (None, None)
        value = (
            "no figure" if figure.get("value") is None else f"{figure['value']:.4f} [{low:.4f}, {high:.4f}]"
        )
        lines.append(
            f"  {check['key']}: {value}, n = {figure.get('n')}, target {check['target']}: {check['verdict']}"
            + (f" ({check['reason']})" if check["reason"] else "")
        )
    lines.append(f"  run {shape['id']}, digest {shape['digest']}")
    return "\n".join(lines)
