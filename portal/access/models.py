"""Roles given to people, and the permission rows (guardian, direct foreign key) that follow from them."""

import uuid
from datetime import datetime

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from guardian.models import UserObjectPermissionBase


class RoleAssignment(models.Model):
    """One role of one person on a unit (and all below it) or on one system; the source of permission rows."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="roles")
    role = models.CharField(_("role"), max_length=40)
    unit = models.ForeignKey(
        "portal.Unit", null=True, blank=True, on_delete=models.PROTECT, related_name="roles"
    )
    system_id = models.UUIDField(null=True, blank=True)  # no foreign key: systems live above this slice
    valid_until = models.DateTimeField(_("until"), null=True, blank=True)
    granted_at = models.DateTimeField(auto_now_add=True)
    granted_by = models.CharField(max_length=300)  # actor as text, as in the ledger
    revoked_at = models.DateTimeField(null=True, blank=True)
    revoked_by = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ("-granted_at",)
        default_permissions = ()
        constraints = [
            models.CheckConstraint(
                name="role_on_a_unit_or_a_system",
                condition=models.Q(unit__isnull=False, system_id__isnull=True)
                | models.Q(unit__isnull=True, system_id__isnull=False),
            ),
            models.CheckConstraint(
                name="role_revoked_at_and_by",
                condition=models.Q(revoked_at__isnull=True, revoked_by="")
                | (models.Q(revoked_at__isnull=False) & ~models.Q(revoked_by="")),
            ),
            models.UniqueConstraint(
                name="role_once_per_person_and_unit",
                fields=["user", "role", "unit"],
                condition=models.Q(revoked_at__isnull=True, unit__isnull=False),
            ),
            models.UniqueConstraint(
                name="role_once_per_person_and_system",
                fields=["user", "role", "system_id"],
                condition=models.Q(revoked_at__isnull=True, system_id__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} · {self.role}"

    def active(self, now: datetime) -> bool:
        """Neither revoked nor over."""
        return self.revoked_at is None and (self.valid_until is None or self.valid_until > now)


class TimedGrant(UserObjectPermissionBase):
    """A guardian permission row that may end by itself; `content_object` is set by the child."""

    valid_until = models.DateTimeField(null=True, blank=True)

    class Meta(UserObjectPermissionBase.Meta):
        abstract = True
        default_permissions = ()


class UnitUserPermission(TimedGrant):
    """A permission on a unit; it covers every unit and system below (see selectors)."""

    content_object = models.ForeignKey("portal.Unit", on_delete=models.CASCADE)

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                name="unit_permission_once", fields=["user", "permission", "content_object"]
            )
        ]
