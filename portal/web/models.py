"""What the web layer itself must remember."""

import uuid

from django.conf import settings
from django.db import models


class IdempotencyRecord(models.Model):
    """The answer to a write that carried an Idempotency-Key; the same key and body get it again."""

    client = models.CharField(max_length=60)  # key:<uuid> or user:<uuid>
    key = models.CharField(max_length=200)
    request_sha256 = models.CharField(max_length=64)  # method, path and body
    status = models.PositiveSmallIntegerField(null=True)
    response = models.JSONField(null=True)
    location = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField(auto_now_add=True, db_index=True)

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(name="idempotency_key_once", fields=["client", "key"])]

    def __str__(self) -> str:
        return f"{self.client} {self.key}"


class SavedView(models.Model):
    """A filter, order and choice of columns of a list that somebody keeps under a name; `role` shares it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="saved_views")
    page = models.CharField(max_length=60)  # the name of the list's address
    name = models.CharField(max_length=80)
    query = models.TextField(max_length=2000, blank=True)
    role = models.CharField(max_length=40, blank=True)  # everybody with this role sees it too
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        default_permissions = ()
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["owner", "page", "name"], name="saved_view_name_once")]

    def __str__(self) -> str:
        return self.name
