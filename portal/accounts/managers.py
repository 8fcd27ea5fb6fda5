"""How user rows are made: e-mail addresses in lower case, no superusers."""

from typing import TYPE_CHECKING, Any

from django.contrib.auth.base_user import BaseUserManager

if TYPE_CHECKING:
    from portal.accounts.models import User


class UserManager(BaseUserManager["User"]):
    """Makes users by e-mail; products code goes through `accounts.services.create_user`."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """One user; without a password the person signs in after a password reset only."""
        user = self.model(email=email.strip().lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """There are none: use `manage.py createadmin`, whose role shows in the ledger."""
        raise NotImplementedError("Attune has no superusers: use 'manage.py createadmin'.")

    def get_by_natural_key(self, username: str | None) -> "User":
        """Look up by e-mail in any case."""
        return self.get(email=(username or "").strip().lower())
