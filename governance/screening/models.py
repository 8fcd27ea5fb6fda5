"""The legal outcome of one data flow, as computed at one moment from one set of rules."""

import uuid

from django.conf import settings
from django.db import models
from django.urls import reverse
from django.utils.translation import get_language


def spoken(text: dict[str, str] | str) -> str:
    """The reader's language of a catalogue text `{"en": ..., "nl": ...}`."""
    if isinstance(text, str):
        return text
    language = (get_language() or "en")[:2]
    return text.get(language) or text.get("en", "")


class Screening(models.Model):
    """Outcome, rules, articles, reason and duties; the current one of a flow has `superseded_at` empty."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    flow = models.ForeignKey("governance.DataFlow", on_delete=models.PROTECT, related_name="screenings")
    outcome = models.CharField(max_length=24)
    rule = models.CharField(max_length=60, blank=True)
    rules_version = models.CharField(max_length=20)
    articles = models.JSONField(default=list)
    reason = models.JSONField(default=dict)
    duties = models.JSONField(default=list)
    would_change = models.JSONField(default=list)
    open_questions = models.JSONField(default=list)
    facts = models.JSONField(default=dict)
    facts_sha256 = models.CharField(max_length=64)
    assessed_on = models.DateField()
    made_at = models.DateTimeField()
    made_by = models.CharField(max_length=80)
    signed_at = models.DateTimeField(null=True, blank=True)
    signed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )
    valid_until = models.DateField(null=True, blank=True)
    superseded_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        default_permissions = ()
        ordering = ["-made_at"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(
                    outcome__in=[
                        "prohibited",
                        "high_risk",
                        "transparency",
                        "minimal",
                        "not_emotion_recognition",
                        "hold",
                    ]
                ),
                name="screening_outcome_known",
            ),
            models.UniqueConstraint(
                fields=["flow"],
                condition=models.Q(superseded_at__isnull=True),
                name="screening_current_once_per_flow",
            ),
            models.CheckConstraint(
                condition=models.Q(signed_at__isnull=True, signed_by__isnull=True, valid_until__isnull=True)
                | models.Q(signed_at__isnull=False, signed_by__isnull=False, valid_until__isnull=False),
                name="screening_signed_at_by_until",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.flow}: {self.outcome}"

    @property
    def reason_text(self) -> str:
        """Why, in the reader's language."""
        return spoken(self.reason)

    @property
    def would_change_texts(self) -> list[str]:
        """What would change the outcome, in the reader's language."""
        return [spoken(t) for t in self.would_change]

    @property
    def question_texts(self) -> list[str]:
        """The questions still open, in the reader's language."""
        return [spoken(q["text"]) for q in self.open_questions]


class RuleSet(models.Model):
    """A set of legal rules as it arrived: the signed file itself, who signed it and who brought it in."""

    id = models.UUIDField(primary_key=True, editable=False)  # the first half of the hash
    version = models.CharField(max_length=20, unique=True)
    source = models.CharField(max_length=400)
    text = models.TextField()
    sha256 = models.CharField(max_length=64, unique=True)
    signer = models.CharField(max_length=120, blank=True)  # name of the key; empty: it came with the product
    received_at = models.DateTimeField()
    received_by = models.CharField(max_length=80)

    class Meta:
        default_permissions = ()
        ordering = ["-received_at"]
        constraints = [
            models.CheckConstraint(condition=~models.Q(version=""), name="rule_set_has_version"),
            models.CheckConstraint(condition=~models.Q(received_by=""), name="rule_set_received_at_by"),
        ]

    def __str__(self) -> str:
        return self.version

    def get_absolute_url(self) -> str:
        return reverse("rule_set_detail", args=[self.pk])


class RuleSetApplication(models.Model):
    """When a set of rules came into force here; the latest one counts, an earlier set may be applied again."""

    id = models.BigAutoField(primary_key=True)
    rule_set = models.ForeignKey(RuleSet, on_delete=models.PROTECT, related_name="applications")
    reason = models.TextField(max_length=2000)
    applied_at = models.DateTimeField()
    applied_by = models.CharField(max_length=80)

    class Meta:
        default_permissions = ()
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(reason="") & ~models.Q(applied_by=""),
                name="rule_set_applied_with_reason_by",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.rule_set} {self.applied_at:%Y-%m-%d}"
