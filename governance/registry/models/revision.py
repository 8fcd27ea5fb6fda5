"""Each state of a record of the register, kept as it was."""

import uuid

from django.db import models
from django.urls import reverse

from governance.registry.models.system import System


class SystemRevision(models.Model):
    """The whole record of a system after a change; never changed afterwards, its digest stands in the ledger."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    system = models.ForeignKey(System, on_delete=models.PROTECT, related_name="revisions")
    number = models.PositiveIntegerField()
    content = models.JSONField()  # as `content.record`; its `schema` says which fields were known then
    sha256 = models.CharField(max_length=64)
    act = models.CharField(max_length=60)  # the type of the ledger event
    reason = models.TextField(max_length=1000, blank=True)
    made_at = models.DateTimeField()
    made_by = models.CharField(max_length=60)  # as the ledger names actors

    class Meta:
        default_permissions = ()
        ordering = ["-number"]
        constraints = [models.UniqueConstraint(fields=["system", "number"], name="revision_number_once")]

    def __str__(self) -> str:
        return f"{self.system_id} {self.number}"

    def get_absolute_url(self) -> str:
        return reverse("system_history", args=[self.system.slug])
