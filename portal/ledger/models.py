"""The tables of the ledger: the queue of events, their bodies, the leaves of the tree and the signed checkpoints."""

import uuid

from django.db import models
from django.db.models.functions import Now
from django.urls import reverse


class PendingEvent(models.Model):
    """An event that its transaction has committed and the sequencer has not yet given its place in the tree."""

    id = models.BigAutoField(primary_key=True)
    event = models.UUIDField(unique=True, editable=False)
    header = models.BinaryField()  # canonical JSON: the bytes that are hashed
    type = models.CharField(max_length=100)
    ts = models.DateTimeField()
    actor = models.CharField(max_length=200)
    subject = models.CharField(max_length=300)

    class Meta:
        indexes = (models.Index(fields=["subject", "id"], name="pending_subject"),)

    def __str__(self) -> str:
        return f"{self.type} {self.subject} (pending)"


class LedgerBody(models.Model):
    """What an event says, beside the tree: body and salt can be erased, the proof stays whole."""

    event = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    salt = (
        models.BinaryField()
    )  # 32 random bytes: without them the hash in the header says nothing about the body
    body = models.JSONField()

    def __str__(self) -> str:
        return f"body of {self.event}"


class Leaf(models.Model):
    """One event at its place in the tree; the database refuses every change and every removal."""

    index = models.BigIntegerField(primary_key=True)
    event = models.UUIDField(unique=True, editable=False)
    header = models.BinaryField()
    leaf_hash = models.GeneratedField(
        # RFC 6962: a leaf is hashed with a zero byte before it, so that no leaf can pass for a node
        expression=models.Func(
            models.F("header"),
            function="sha256",
            template="%(function)s('\\x00'::bytea || %(expressions)s)",
            output_field=models.BinaryField(),
        ),
        output_field=models.BinaryField(),
        db_persist=True,
    )
    # copies of fields of the header, to filter by; `verify_ledger` compares them with it
    type = models.CharField(max_length=100)
    ts = models.DateTimeField()
    actor = models.CharField(max_length=200)
    subject = models.CharField(max_length=300)
    sequenced_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = (
            models.CheckConstraint(condition=models.Q(index__gte=0), name="leaf_index_not_negative"),
        )
        indexes = (
            models.Index(fields=["subject", "index"], name="leaf_subject"),
            models.Index(fields=["type", "index"], name="leaf_type"),
            models.Index(fields=["actor", "index"], name="leaf_actor"),
            models.Index(fields=["ts"], name="leaf_ts"),
        )

    def __str__(self) -> str:
        return f"{self.index} {self.type} {self.subject}"

    def get_absolute_url(self) -> str:
        """The page of this leaf with its header, body and inclusion proof."""
        return reverse("ledger_leaf", args=[self.index])


class Checkpoint(models.Model):
    """A signed statement 'the first `size` leaves have this root' (C2SP tlog-checkpoint)."""

    size = models.BigIntegerField(primary_key=True)
    root = models.BinaryField()
    note = models.TextField()
    signed_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = (
            models.CheckConstraint(condition=models.Q(size__gte=0), name="checkpoint_size_not_negative"),
        )

    def __str__(self) -> str:
        return f"checkpoint over {self.size} leaves"
