"""manage.py plan_audit: set the targets of an audit before it runs."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from governance.audits import selectors, services
from governance.registry.models import System
from portal.errors import Invalid, RuleBroken


class Command(BaseCommand):
    """Exit code 0 when the new version of the plan is stored."""

    help = "Set the targets of an audit and how often it runs; a change is a new version of the plan."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """--system SLUG --audit KIND [--target check=number ...] [--every daily|weekly|monthly]."""
        parser.add_argument("--system", required=True, metavar="SLUG")
        parser.add_argument("--audit", required=True, metavar="KIND")
        parser.add_argument("--target", action="append", default=[], metavar="CHECK=NUMBER")
        parser.add_argument("--every", default="", choices=["", "daily", "weekly", "monthly"])

    def handle(self, *args: Any, **options: Any) -> None:
        """Store and print the plan."""
        system = System.objects.filter(slug=options["system"]).first()
        if system is None:
            raise CommandError(f"There is no system '{options['system']}'.")
        targets = dict(item.partition("=")[::2] for item in options["target"])
        try:
            services.plan_audit(
                system=system, kind=options["audit"], targets=targets, every=options["every"], by="system"
            )
        except (RuleBroken, Invalid) as refusal:
            raise CommandError(str(refusal)) from None
        self.stdout.write(json.dumps(selectors.plan_shape(system, options["audit"]), indent=2))
