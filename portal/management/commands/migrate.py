"""`migrate`, by default as the owner of the tables: the runtime role may not change them."""

from django.core.management.base import CommandParser
from django.core.management.commands import migrate


class Command(migrate.Command):
    """Django's migrate with the database alias `owner`."""

    def add_arguments(self, parser: CommandParser) -> None:
        """As Django, with another default."""
        super().add_arguments(parser)
        parser.set_defaults(database="owner")
