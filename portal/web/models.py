"""What the web layer itself must remember."""

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
