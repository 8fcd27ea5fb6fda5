"""Legal holds, the list of erasures, and how many keys stand over the pseudonyms of a system."""

import uuid

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now


class LegalHold(models.Model):
    """Why nothing may be deleted: of one system, or of one person in it (`pseudonym`)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    system = models.ForeignKey("governance.System", on_delete=models.PROTECT, related_name="legal_holds")
    pseudonym = models.UUIDField(null=True)
    reason = models.TextField(max_length=2000)
    placed_at = models.DateTimeField(db_default=Now())
    placed_by = models.CharField(max_length=120)
    released_at = models.DateTimeField(null=True)
    released_by = models.CharField(max_length=120, blank=True)
    release_reason = models.TextField(max_length=2000, blank=True)

    class Meta:
        default_permissions = ()
        ordering = ["-placed_at"]
        constraints = [
            models.CheckConstraint(name="legal_hold_has_reason", condition=~Q(reason="") & ~Q(placed_by="")),
            models.CheckConstraint(
                name="legal_hold_released_at_and_by",
                condition=Q(released_at__isnull=True, released_by="", release_reason="")
                | (Q(released_at__isnull=False) & ~Q(released_by="") & ~Q(release_reason="")),
            ),
        ]
        indexes = [
            models.Index(fields=["system"], condition=Q(released_at__isnull=True), name="legal_hold_standing")
        ]

    def __str__(self) -> str:
        return self.reason[:80]


class Erasure(models.Model):
    """One line of the list of erasures: enough to erase the same person again after a restore, not to name them.

    `person_sha256` is a digest of the pseudonym under the erasure key, made when `generation` keys stood over the
    pseudonyms. `subjects`: the numbers that stay behind without a name; they open the guard of the consent table for
    these rows, while `done_at` is empty, which it is only inside the transaction of the erasure.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    system = models.ForeignKey("governance.System", on_delete=models.PROTECT, related_name="erasures")
    person_sha256 = models.CharField(max_length=64)
    generation = models.PositiveSmallIntegerField(default=0)
    subjects = ArrayField(models.BigIntegerField(), default=list)
    counts = models.JSONField(default=dict)
    erased_at = models.DateTimeField(db_default=Now())
    erased_by = models.CharField(max_length=120)
    done_at = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ()
        ordering = ["-erased_at"]
        constraints = [
            models.CheckConstraint(name="erasure_knows_whom", condition=~Q(person_sha256="")),
            models.CheckConstraint(name="erasure_erased_at_by", condition=~Q(erased_by="")),
        ]
        indexes = [models.Index(fields=["system", "person_sha256"], name="erasure_of_person")]

    def __str__(self) -> str:
        return f"erasure {self.pk}"


class Retained(models.Model):
    """What went because its time was over: of one part (and whose readings), older than `before`.

    The latest `before` is also how far back the portal takes such items in: what was deleted is not counted again when
    it is sent again.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    system = models.ForeignKey("governance.System", on_delete=models.PROTECT, related_name="retained")
    part = models.CharField(max_length=10)
    subject_role = models.CharField(max_length=20, blank=True)
    purpose = models.CharField(max_length=60, blank=True)
    modality = models.CharField(max_length=20, blank=True)
    days = models.PositiveIntegerField()
    before = models.DateTimeField()
    log_before = models.DateTimeField(null=True)
    policy_version = models.PositiveIntegerField()
    deleted = models.PositiveBigIntegerField(default=0)
    unnamed = models.PositiveBigIntegerField(default=0)
    began_at = models.DateTimeField(db_default=Now())

    class Meta:
        default_permissions = ()
        verbose_name_plural = "retained"
        ordering = ["-before", "part", "subject_role", "purpose", "modality"]
        constraints = [
            models.UniqueConstraint(
                fields=["system", "part", "subject_role", "purpose", "modality", "before", "days"],
                name="retained_once",
            ),
            models.CheckConstraint(name="retained_has_limit", condition=Q(days__gte=1)),
        ]

    def __str__(self) -> str:
        return f"{self.part} before {self.before:%Y-%m-%d}"


class PseudonymKey(models.Model):
    """How many keys of the ring stand over the pseudonyms of a system; no row: the first alone (generation 0)."""

    id = models.BigAutoField(primary_key=True)
    system = models.OneToOneField("governance.System", on_delete=models.PROTECT, related_name="pseudonym_key")
    generation = models.PositiveSmallIntegerField()
    key_id = models.CharField(max_length=8)
    rotated_at = models.DateTimeField()
    rotated_by = models.CharField(max_length=120)
    rotating = models.BooleanField(default=False)  # true only inside the transaction that re-keys

    class Meta:
        default_permissions = ()
        constraints = [
            models.CheckConstraint(name="pseudonym_key_counts", condition=Q(generation__gte=1)),
            models.CheckConstraint(name="pseudonym_key_rotated_at_by", condition=~Q(rotated_by="")),
        ]

    def __str__(self) -> str:
        return f"generation {self.generation} ({self.key_id})"
