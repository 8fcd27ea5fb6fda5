"""Vendors, and the statements of the organisation's mission that goals refer to."""

import uuid

from django.conf import settings
from django.db import models
from django.urls import reverse


class Vendor(models.Model):
    """Who provides a system to us: contract, transfer tool, contact."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    slug = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=120)
    unit = models.ForeignKey("portal.Unit", on_delete=models.PROTECT, related_name="+")
    contract_reference = models.CharField(max_length=200, blank=True)
    contract_until = models.DateField(null=True, blank=True)
    transfer_tool = models.CharField(max_length=20, blank=True)
    transfer_reference = models.CharField(max_length=200, blank=True)
    contact_name = models.CharField(max_length=120, blank=True)
    contact_email = models.EmailField(max_length=254, blank=True)
    row_version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        default_permissions = ()
        ordering = ["name", "slug"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(
                    transfer_tool__in=["", "none_needed", "adequacy", "scc", "bcr", "derogation", "missing"]
                ),
                name="vendor_transfer_tool_known",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("vendor_detail", args=[self.slug])

    @property
    def subject(self) -> str:
        """How the ledger names this vendor."""
        return f"vendor:{self.slug}"


class MissionStatement(models.Model):
    """A sentence of the organisation's mission; goals of systems say which one they serve."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    unit = models.ForeignKey("portal.Unit", on_delete=models.PROTECT, related_name="+")
    text = models.CharField(max_length=400)
    row_version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        default_permissions = ()
        ordering = ["text"]
        constraints = [
            models.UniqueConstraint(fields=["unit", "text"], name="mission_statement_once_per_unit")
        ]

    def __str__(self) -> str:
        return self.text

    @property
    def subject(self) -> str:
        """How the ledger names this statement."""
        return f"mission:{self.pk}"
