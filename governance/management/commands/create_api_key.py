"""`manage.py create_api_key --system SLUG --scopes SCOPE ...`: make a key and print it once."""

import json
from argparse import ArgumentParser
from datetime import UTC, datetime, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from governance.registry.models import System
from portal.accounts.codes import SCOPES
from portal.accounts.services import create_api_key
from portal.errors import Invalid, RuleBroken


class Command(BaseCommand):
    """Exit 0: the key is on standard output, alone on its line; 1: refused, with the reason."""

    help = f"Make an API key of a system and print it once. Scopes: {', '.join(SCOPES)}."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Scopes divided by spaces or commas."""
        parser.add_argument("--system", required=True, metavar="SLUG")
        parser.add_argument("--scopes", required=True, nargs="+", metavar="SCOPE")
        parser.add_argument("--name", default="", help="which program uses it")
        parser.add_argument("--sandbox", action="store_true", help="checks and answers, stores nothing")
        parser.add_argument("--days", type=int, help="ends after so many days")
        parser.add_argument("--json", action="store_true", help="answer with one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        """Make and print."""
        system = System.objects.filter(slug=options["system"]).first()
        if system is None:
            raise CommandError(f"no system with the slug {options['system']}")
        scopes = [scope for text in options["scopes"] for scope in text.split(",") if scope]
        unknown = sorted(set(scopes) - set(SCOPES))
        if unknown:
            raise CommandError(f"unknown scope {', '.join(unknown)}; there are {', '.join(SCOPES)}")
        days = options["days"]
        try:
            key, plaintext = create_api_key(
                name=options["name"] or f"{system.slug} (command line)",
                system_id=system.pk,
                scopes=scopes,
                sandbox=options["sandbox"],
                expires_at=datetime.now(UTC) + timedelta(days=days) if days is not None else None,
                by="system",
            )
        except RuleBroken as broken:
            raise CommandError(str(broken)) from broken
        except Invalid as invalid:
            raise CommandError("; ".join(row["message"] for row in invalid.errors)) from invalid
        if options["json"]:
            answer = {"id": str(key.pk), "key": plaintext, "system": system.slug, "scopes": key.scopes}
            self.stdout.write(json.dumps(answer | {"sandbox": key.sandbox}))
        else:
            self.stdout.write(plaintext)
