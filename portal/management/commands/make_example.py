"""`manage.py make_example`: the example organisation, made through the product's own services."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from portal.errors import RuleBroken
from portal.example.make import make


class Command(BaseCommand):
    """Make the example organisation; done again, it only adds what is missing."""

    help = "Make the example organisation De Linde with a year of data; done again, it only adds what is missing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--days", type=int, default=365, help="how many days of data, ending yesterday")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            make(lambda text: self.stdout.write(f"  example: {text}"), days=options["days"])
        except RuleBroken as broken:
            raise CommandError(str(broken)) from broken
