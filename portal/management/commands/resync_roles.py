"""`manage.py resync_roles`: make everybody's permission rows again from their roles, after roles.py changed."""

from typing import Any

from django.core.management.base import BaseCommand

from portal.access.services import resync
from portal.accounts.models import User


class Command(BaseCommand):
    """Changes no role; safe to run at any time."""

    help = "Make everybody's permission rows again from their roles, after a change of roles.py."

    def handle(self, *args: Any, **options: Any) -> None:
        """One transaction per person."""
        people = User.objects.filter(roles__isnull=False).distinct()
        for person in people:
            resync(user=person)
        self.stdout.write(f"{len(people)} people.")
