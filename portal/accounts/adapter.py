"""How sign-in behaves: no open sign-up; links in mail use the configured address."""

from typing import Any, cast

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.stagekit import clear_login
from django.http import HttpRequest, HttpResponse
from django.utils import timezone


class AccountAdapter(DefaultAccountAdapter):
    """Accounts are made by an administrator; nobody signs up."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Never."""
        return False

    def pre_login(self, request: HttpRequest, user: Any, **kwargs: Any) -> HttpResponse | None:
        """The right password of a closed account leads to the page that says so, not into a session."""
        if user.ended(timezone.now()):
            clear_login(request)
            return cast(HttpResponse, self.respond_user_inactive(request, user))
        return cast("HttpResponse | None", super().pre_login(request, user, **kwargs))

    def get_user_display(self, user: Any) -> str:
        """The name that pages show."""
        return str(user.display)
