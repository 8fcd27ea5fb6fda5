"""What somebody began to type and kept for later."""

import uuid

from django.conf import settings
from django.db import models

from governance.registry.models.system import System


class UnfinishedForm(models.Model):
    """A form about a system as one person left it: theirs alone, no part of the record, and not in its history.

    `place` is the address of the form, `typed` {field: [what stood in it]}; nothing of it was checked.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    system = models.ForeignKey(System, on_delete=models.CASCADE, related_name="+")
    place = models.CharField(max_length=300)
    typed = models.JSONField()
    saved_at = models.DateTimeField()

    class Meta:
        default_permissions = ()
        ordering = ["-saved_at"]
        constraints = [
            models.UniqueConstraint(fields=["user", "system", "place"], name="unfinished_once_per_form"),
        ]

    def __str__(self) -> str:
        return self.place
