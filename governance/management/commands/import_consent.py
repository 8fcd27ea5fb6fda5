"""manage.py import_consent: a file of consent events, or of who was shown which notice."""

import json
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext

from governance.consent.files import EVENTS, KINDS
from governance.consent.imports import SOURCE, import_consent_file
from governance.registry.models import System
from portal.commands import pair, read_file
from portal.errors import Invalid


class Command(BaseCommand):
    """Import a CSV, JSON or NDJSON file of consent; what is refused is named with place, field and reason."""

    help = __doc__ or ""

    def add_arguments(self, parser: CommandParser) -> None:
        """The shape of the command."""
        parser.add_argument(
            "file", metavar="FILE", help="CSV, JSON or NDJSON in UTF-8; - reads standard input"
        )
        parser.add_argument("--system", required=True, metavar="SLUG")
        parser.add_argument("--kind", choices=sorted(KINDS), default=EVENTS)
        parser.add_argument(
            "--source", default=SOURCE, help="where it comes from: part of what makes an id the same"
        )
        parser.add_argument(
            "--map", action="append", type=pair, default=[], metavar="COLUMN=FIELD", dest="mapping"
        )
        parser.add_argument(
            "--set", action="append", type=pair, default=[], metavar="FIELD=VALUE", dest="fixed"
        )
        parser.add_argument("--json", action="store_true", dest="as_json")

    def handle(self, *args: Any, **options: Any) -> None:
        """Import, then print what came of it. Exit status 1 when not everything was taken."""
        system = System.objects.filter(slug=options["system"]).first()
        if system is None:
            raise CommandError(gettext("There is no system '{slug}'.").format(slug=options["system"]))
        try:
            result = import_consent_file(
                system=system,
                kind=options["kind"],
                data=read_file(options["file"]),
                by="system",
                source=options["source"],
                mapping=dict(options["mapping"]),
                fixed=dict(options["fixed"]),
            ).to_dict()
        except Invalid as error:
            result = {"counts": {}, "refused": len(error.errors), "errors": error.errors}
        self._print(result, as_json=options["as_json"])
        if result["errors"]:
            sys.exit(1)

    def _print(self, result: dict[str, Any], *, as_json: bool) -> None:
        if as_json:
            self.stdout.write(json.dumps(result, ensure_ascii=False))
            return
        for name, n in result["counts"].items():
            self.stdout.write(f"{name}: {n}")
        for error in result["errors"]:
            self.stderr.write(f"{error['field']}: {gettext(error['message'])} [{error['code']}]")
