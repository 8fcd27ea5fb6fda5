"""How sign-in behaves: no open sign-up; links in mail use the configured address."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest


class AccountAdapter(DefaultAccountAdapter):
    """Accounts are made by an administrator; nobody signs up."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Never."""
        return False

    def get_user_display(self, user: Any) -> str:
        """The name that pages show."""
        return str(user.display)
