"""`manage.py createadmin`: the first administrator, and the organisation where there is none yet."""

import getpass
import os
import sys
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.urls import reverse

from portal.access.roles import Role
from portal.access.services import grant_role, password_key
from portal.accounts.models import User
from portal.accounts.selectors import organisation
from portal.accounts.services import create_unit, create_user
from portal.errors import Invalid, RuleBroken

HELP = """Make the first administrator. Asks on a terminal; elsewhere it takes ATTUNE_ADMIN_EMAIL and
ATTUNE_ADMIN_PASSWORD (without the latter it prints a link to set a password)."""


class Command(BaseCommand):
    """Exit 0: there is an administrator with this address; 1: refused, with the reason."""

    help = HELP

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Everything can be asked for or come from the environment."""
        parser.add_argument("--email", default=os.environ.get("ATTUNE_ADMIN_EMAIL", ""))
        parser.add_argument("--name", default="")
        parser.add_argument(
            "--organisation", default="", help="name of the top unit, where there is none yet"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Ask for what is missing, make, say what to do next."""
        terminal = sys.stdin.isatty() and not options["email"]
        email = options["email"] or (input("E-mail address of the administrator: ") if terminal else "")
        if not email.strip():
            raise CommandError("who is the administrator? Set ATTUNE_ADMIN_EMAIL, or run this on a terminal.")
        known = User.objects.filter(email=email.strip().lower()).first()
        if known is not None and known.roles.filter(role=Role.ADMINISTRATOR, revoked_at=None).exists():
            self.stdout.write(f"{known.email} is an administrator already.")
            return
        password = self._password(terminal) if known is None else None
        name = options["name"] or (input("Name: ") if terminal else "") or email.split("@")[0]
        try:
            user = _make(email, name, password, options["organisation"], known)
        except RuleBroken as broken:
            raise CommandError(str(broken)) from broken
        except Invalid as invalid:
            raise CommandError("; ".join(row["message"] for row in invalid.errors)) from invalid
        self.stdout.write(self.style.SUCCESS(f"{user.email} is the administrator."))
        if not user.has_usable_password():
            link = reverse("account_reset_password_from_key", kwargs=password_key(user))
            self.stdout.write(f"Set a password within three days: {settings.BASE_URL}{link}")

    def _password(self, terminal: bool) -> str | None:
        if not terminal:
            return os.environ.get("ATTUNE_ADMIN_PASSWORD") or None
        while True:
            first = getpass.getpass("Password (at least 12 characters): ")
            if first == getpass.getpass("The same once more: "):
                return first
            self.stdout.write("The two differ.")


@transaction.atomic
def _make(email: str, name: str, password: str | None, top_name: str, known: User | None) -> User:
    """Account, organisation and role; all or nothing."""
    top = organisation() or create_unit(name=top_name or "Organisation", by="system")
    user = known or create_user(email=email, name=name, password=password, by="system")
    grant_role(user=user, role=Role.ADMINISTRATOR, unit=top, by="system")
    return user
