"""Evidence packs: what was asked for, and the file that came of it."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.urls import reverse


class EvidencePack(models.Model):
    """One pack: systems and period, the checkpoint it ends at, the sample asked for, the file and its digest."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    systems = models.ManyToManyField("governance.System", related_name="evidence_packs")
    date_from = models.DateField()
    date_to = models.DateField()
    # the tree the pack ends at: given together with the auditor's number, else settled when the pack is made
    end_size = models.BigIntegerField(null=True)
    sample_size = models.PositiveIntegerField(default=25)
    auditor_number = models.CharField(max_length=100, blank=True, default="")
    requested_at = models.DateTimeField(db_default=Now())
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    requested_as = models.CharField(max_length=200)  # the actor as the ledger writes it; keys have no account
    job = models.ForeignKey("portal.Job", models.PROTECT, null=True, related_name="+")
    made_at = models.DateTimeField(null=True)
    start_size = models.BigIntegerField(null=True)
    sha256 = models.CharField(max_length=64, blank=True, default="")
    size_bytes = models.BigIntegerField(null=True)

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=models.Q(date_to__gte=models.F("date_from")), name="pack_period_in_order"
            ),
            models.CheckConstraint(
                condition=models.Q(auditor_number="") | models.Q(end_size__isnull=False),
                name="pack_number_after_checkpoint",
            ),
            models.CheckConstraint(
                condition=models.Q(sample_size__gte=1, sample_size__lte=1000), name="pack_sample_size"
            ),
            models.CheckConstraint(
                condition=models.Q(made_at__isnull=True, sha256="", size_bytes__isnull=True)
                | (
                    models.Q(made_at__isnull=False, size_bytes__isnull=False, end_size__isnull=False)
                    & ~models.Q(sha256="")
                ),
                name="pack_made_whole",
            ),
        )
        indexes = (models.Index(fields=["-requested_at"], name="pack_newest"),)

    def __str__(self) -> str:
        return f"evidence {self.date_from} – {self.date_to}"

    def get_absolute_url(self) -> str:
        """The page of this pack: progress, download, how to verify."""
        return reverse("pack_detail", args=[self.pk])

    @property
    def file_name(self) -> str:
        """The name under which it is downloaded; the folder inside has the same name."""
        return f"attune-evidence-{self.date_from}-{self.date_to}-{str(self.pk)[:8]}.zip"
