"""Who may sign in and stay signed in."""

from typing import Any

from allauth.account.auth_backends import AuthenticationBackend
from django.utils import timezone


class SignInBackend(AuthenticationBackend):
    """allauth's e-mail sign-in; an account whose time is over neither signs in nor keeps its session."""

    def user_can_authenticate(self, user: Any) -> bool:
        """Asked at sign-in and again for the session of every request."""
        return bool(super().user_can_authenticate(user)) and not user.ended(timezone.now())
