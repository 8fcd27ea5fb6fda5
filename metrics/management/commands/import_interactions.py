"""manage.py import_interactions: a CSV file of live interactions or of an evaluation set."""

import json
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext

from governance.registry.models import System
from metrics.ingest.imports import import_evaluation_file, import_live_file
from portal.commands import pair, read_file
from portal.errors import Invalid, RuleBroken


class Command(BaseCommand):
    """Import a CSV file into a system; bad lines are named with line, field and reason."""

    help = __doc__ or ""

    def add_arguments(self, parser: CommandParser) -> None:
        """The shape of the command."""
        parser.add_argument("file", metavar="FILE", help="CSV in UTF-8; - reads standard input")
        parser.add_argument("--system", required=True, metavar="SLUG")
        parser.add_argument(
            "--map", action="append", type=pair, default=[], metavar="COLUMN=FIELD", dest="mapping"
        )
        parser.add_argument(
            "--set", action="append", type=pair, default=[], metavar="FIELD=VALUE", dest="fixed"
        )
        parser.add_argument("--evaluation", metavar="NAME", help="import as an evaluation set of this name")
        parser.add_argument("--json", action="store_true", dest="as_json")

    def handle(self, *args: Any, **options: Any) -> None:
        """Import, then print what came of it. Exit status 1 when nothing or not everything was taken."""
        system = System.objects.filter(slug=options["system"]).first()
        if system is None:
            raise CommandError(gettext("There is no system '{slug}'.").format(slug=options["system"]))
        files = {
            "system": system,
            "data": read_file(options["file"]),
            "by": "system",
            "mapping": dict(options["mapping"]),
            "fixed": dict(options["fixed"]),
        }
        try:
            result = self._evaluation(options["evaluation"], files) if options["evaluation"] else _live(files)
        except Invalid as error:
            result = {"imported": 0, "errors": error.errors}
        except RuleBroken as error:
            raise CommandError(gettext(error.message).format(**error.params)) from error
        self._print(result, as_json=options["as_json"])
        if result["errors"]:
            sys.exit(1)

    def _evaluation(self, name: str, files: dict[str, Any]) -> dict[str, Any]:
        made = import_evaluation_file(name=name, **files)
        return {
            "imported": made.n,
            "evaluation": {
                "id": str(made.pk),
                "name": made.name,
                "sha256": made.sha256,
                "counts": made.counts,
            },
            "errors": [],
        }

    def _print(self, result: dict[str, Any], *, as_json: bool) -> None:
        if as_json:
            self.stdout.write(json.dumps(result, ensure_ascii=False))
            return
        self.stdout.write(gettext("Imported: {n}").format(n=result["imported"]))
        for kind in ("counts", "bases"):
            for name, n in result.get(kind, {}).items():
                self.stdout.write(f"  {name}: {n}")
        for error in result["errors"]:
            self.stderr.write(f"{error['field']}: {gettext(error['message'])} [{error['code']}]")


def _live(files: dict[str, Any]) -> dict[str, Any]:
    found = import_live_file(**files).to_dict()
    return {"imported": found["counts"].get("accepted", 0) + found["counts"].get("corrected", 0)} | found
