"""Affected people as pseudonyms, notices, consent events (append-only) and data-use policies."""

import json
import uuid

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.urls import reverse


class Subject(models.Model):
    """An affected person: a random number with a role, nothing that names anybody."""

    id = models.BigAutoField(primary_key=True)
    role = models.CharField(max_length=20)
    minor = models.CharField(
        max_length=7,
        choices=[("yes", "yes"), ("no", "no"), ("unknown", "unknown")],
        default="unknown",
    )
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="subject_minor_known_word",
                condition=Q(minor__in=["yes", "no", "unknown"]),
            )
        ]

    def __str__(self) -> str:
        return f"subject {self.pk}"


class Alias(models.Model):
    """What a source calls a person, as a keyed digest: deleting this row is what erasure means.

    `digest` is the first 128 bits of HMAC-SHA256(installation key, system id ‖ 0 ‖ external id). `person`: where it is
    the name of a session, the digest of whom the session was of; kept when the readings that said so go.
    """

    pk = models.CompositePrimaryKey("system_id", "digest")
    system_id = models.UUIDField()
    digest = models.UUIDField()
    subject = models.ForeignKey(Subject, on_delete=models.CASCADE, related_name="aliases")
    person = models.UUIDField(null=True)

    class Meta:
        verbose_name_plural = "aliases"

    def __str__(self) -> str:
        return f"alias {self.digest}"


class Notice(models.Model):
    """What people are told about a system: one text per version and language, never changed afterwards."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    system = models.ForeignKey("governance.System", on_delete=models.PROTECT, related_name="notices")
    version = models.PositiveIntegerField()
    language = models.CharField(max_length=10)
    text = models.TextField()
    sha256 = models.CharField(max_length=64)
    material_change = models.BooleanField(default=False)
    grace_days = models.PositiveSmallIntegerField(default=0)
    effective_at = models.DateTimeField()
    published_at = models.DateTimeField(db_default=Now())
    published_by = models.CharField(max_length=120)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["system", "version", "language"], name="notice_version_once"),
            models.CheckConstraint(name="notice_version_from_one", condition=Q(version__gte=1)),
            models.CheckConstraint(
                name="notice_not_in_the_future",
                condition=Q(effective_at__lte=F("published_at")),
            ),
        ]
        ordering = ["-version", "language"]

    def __str__(self) -> str:
        return f"{self.system} v{self.version} ({self.language})"

    def get_absolute_url(self) -> str:
        """Where this notice is shown."""
        return reverse("notice_detail", args=[self.system.slug, self.pk])


class ConsentEvent(models.Model):
    """One word of one person about one purpose × modality; rows are only ever added (a trigger sees to it).

    Bitemporal: `effective_at` is when it counts, `recorded_at` when Attune learned of it. `corrects` takes an
    earlier event out of every evaluation made after this row was recorded.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    system_id = models.UUIDField()
    subject = models.ForeignKey(
        Subject, on_delete=models.PROTECT, related_name="consent_events", db_index=False
    )
    purpose = models.CharField(max_length=60)
    modality = models.CharField(max_length=20)
    action = models.CharField(max_length=12)
    explicit = models.BooleanField(default=False)
    minor = models.CharField(max_length=7, default="unknown")
    effective_at = models.DateTimeField()
    recorded_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField(null=True)
    notice = models.ForeignKey(Notice, on_delete=models.PROTECT, null=True, db_index=False)
    method = models.CharField(max_length=60, blank=True)
    actor = models.CharField(max_length=12, default="subject")
    evidence_hash = models.CharField(max_length=64, blank=True)
    corrects = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, related_name="corrected_by", db_index=False
    )
    source = models.CharField(max_length=60)
    source_event = models.CharField(max_length=128)
    content = models.UUIDField()  # keyed digest of what was sent: the same event again, or another?

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["system_id", "source", "source_event"],
                name="consent_source_event_once",
            ),
            models.CheckConstraint(
                name="consent_action_known_word",
                condition=Q(
                    action__in=[
                        "requested",
                        "given",
                        "refused",
                        "renewed",
                        "withdrawn",
                        "revoked",
                        "invalidated",
                        "expired",
                        "objected",
                    ]
                ),
            ),
            models.CheckConstraint(
                name="consent_given_needs_notice",
                condition=~Q(action__in=["given", "renewed"]) | Q(notice__isnull=False),
            ),
            models.CheckConstraint(
                name="consent_minor_needs_guardian",
                condition=~Q(action__in=["given", "renewed"]) | ~Q(minor="yes") | Q(actor="guardian"),
            ),
            models.CheckConstraint(
                name="consent_not_in_the_future",
                condition=Q(effective_at__lte=F("recorded_at")),
            ),
            models.CheckConstraint(
                name="consent_expires_after_it_counts",
                condition=Q(expires_at__isnull=True) | Q(expires_at__gt=F("effective_at")),
            ),
            models.CheckConstraint(
                name="consent_actor_known_word",
                condition=Q(actor__in=["subject", "guardian", "controller", "authority"]),
            ),
        ]
        indexes = [
            # what ends by its date, for the round that tells systems
            models.Index(
                fields=["system_id", "expires_at"],
                condition=Q(expires_at__isnull=False),
                name="consent_that_expires",
            ),
            # few words are corrections, and every look-up asks whether the word it found was corrected
            models.Index(
                fields=["corrects"],
                condition=Q(corrects__isnull=False),
                name="consent_correction",
            ),
            # the single look-up of the gate: last word of one person on one purpose × modality, without the row itself
            models.Index(
                fields=[
                    "system_id",
                    "subject",
                    "purpose",
                    "modality",
                    "-effective_at",
                    "-recorded_at",
                ],
                include=["id", "action", "explicit", "expires_at", "notice"],
                name="consent_last_word",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.purpose} × {self.modality}"


class NoticeServed(models.Model):
    """That one person was shown one notice, on which channel and when; rows are only ever added (a trigger)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    system_id = models.UUIDField()
    subject = models.ForeignKey(
        Subject, on_delete=models.PROTECT, related_name="notices_served", db_index=False
    )
    notice = models.ForeignKey(Notice, on_delete=models.PROTECT, related_name="servings", db_index=False)
    channel = models.CharField(max_length=60)
    served_at = models.DateTimeField()
    recorded_at = models.DateTimeField(db_default=Now())
    source = models.CharField(max_length=60)
    source_event = models.CharField(max_length=128)
    content = models.UUIDField()  # as in ConsentEvent

    class Meta:
        verbose_name_plural = "notices served"
        constraints = [
            models.UniqueConstraint(
                fields=["system_id", "source", "source_event"], name="notice_served_source_event_once"
            ),
            models.CheckConstraint(
                name="notice_not_served_in_the_future", condition=Q(served_at__lte=F("recorded_at"))
            ),
            models.CheckConstraint(name="notice_served_on_a_channel", condition=~Q(channel="")),
        ]
        indexes = [
            # who saw which version before a moment: one person's look-up, and the count per version
            models.Index(fields=["system_id", "subject", "served_at"], name="notice_served_to_whom"),
            models.Index(fields=["notice", "channel", "subject"], name="notice_served_counts"),
        ]

    def __str__(self) -> str:
        return f"notice {self.notice_id} on {self.channel}"


class Policy(models.Model):
    """A version of a system's data-use policy; frozen by a trigger once approved.

    `rules`: rows of {id, effect, subject_role, purpose, modality, layer, operation, recipient, basis, explicit,
    employee_exception, retention_days, min_group, reference}; see governance.consent.rules.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    system = models.ForeignKey("governance.System", on_delete=models.PROTECT, related_name="policies")
    version = models.PositiveIntegerField()
    state = models.CharField(
        max_length=10,
        choices=[("draft", "draft"), ("approved", "approved")],
        default="draft",
    )
    rules = models.JSONField(default=list)
    retention_days = models.PositiveIntegerField(null=True)
    note = models.TextField(blank=True)
    drafted_at = models.DateTimeField(db_default=Now())
    drafted_by = models.CharField(max_length=120)
    effective_at = models.DateTimeField(null=True)
    approved_at = models.DateTimeField(null=True)
    approved_by = models.CharField(max_length=120, null=True)  # noqa: DJ001 - pairs with approved_at

    class Meta:
        verbose_name_plural = "policies"
        constraints = [
            models.UniqueConstraint(fields=["system", "version"], name="policy_version_once"),
            models.UniqueConstraint(
                fields=["system"],
                condition=Q(state="draft"),
                name="policy_one_draft_per_system",
            ),
            models.CheckConstraint(
                name="policy_state_known_word",
                condition=Q(state__in=["draft", "approved"]),
            ),
            models.CheckConstraint(
                name="policy_approved_at_and_by",
                condition=Q(
                    state="draft",
                    approved_at__isnull=True,
                    approved_by__isnull=True,
                    effective_at__isnull=True,
                )
                | Q(
                    state="approved",
                    approved_at__isnull=False,
                    approved_by__isnull=False,
                    effective_at__isnull=False,
                ),
            ),
        ]
        ordering = ["-version"]

    def __str__(self) -> str:
        return f"{self.system} policy v{self.version} ({self.state})"

    def get_absolute_url(self) -> str:
        """Where this version is shown."""
        return reverse("policy_detail", args=[self.system.slug, self.version])

    @property
    def stamp(self) -> str:
        """Another one for each time the draft is written."""
        return self.drafted_at.isoformat()

    def rules_text(self) -> str:
        """The rules as canonical JSON text: what the ledger proves was approved."""
        return json.dumps(self.rules, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
