"""Django's own `user.has_perm(code, obj)` answers as `can` does: with inheritance and end dates."""

from typing import Any

from guardian.backends import ObjectPermissionBackend

from portal.access import selectors
from portal.access.roles import CODES


class GrantBackend(ObjectPermissionBackend):
    """guardian's backend, asked through our selectors; it signs nobody in."""

    def has_perm(self, user_obj: Any, perm: str, obj: Any = None) -> bool:
        """Only on an object: there are no permissions 'in general'."""
        code = perm.rsplit(".", 1)[-1]
        if obj is None or code not in CODES:
            return False
        try:
            return selectors.can(user_obj, code, obj)
        except TypeError:
            return False
