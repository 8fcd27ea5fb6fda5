"""Requests, their rounds, and the votes and recusals in them."""

import uuid

from django.conf import settings
from django.db import models
from django.urls import reverse


class DeploymentRequest(models.Model):
    """A request to put a version with some of its flows into use, or back into use.

    `content`, `digest` and `submitted_*` are those of its latest round; `earlier` is the request whose approval was
    voided, or whose refusal this one answers; `reinstates` the deployment that a reinstatement asks back.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    system = models.ForeignKey("governance.System", on_delete=models.PROTECT, related_name="requests")
    board = models.ForeignKey("governance.Board", on_delete=models.PROTECT, related_name="requests")
    version = models.ForeignKey("governance.SystemVersion", on_delete=models.PROTECT, related_name="requests")
    flows: models.ManyToManyField = models.ManyToManyField("governance.DataFlow", related_name="requests")  # type: ignore[type-arg]
    kind = models.CharField(max_length=16, default="deployment")
    earlier = models.ForeignKey("self", on_delete=models.PROTECT, related_name="later", null=True, blank=True)
    reinstates = models.ForeignKey(
        "governance.Deployment",
        on_delete=models.PROTECT,
        related_name="reinstatements",
        null=True,
        blank=True,
    )
    state = models.CharField(max_length=24, default="draft")
    summary = models.TextField(max_length=4000)
    alternatives = models.TextField(max_length=4000, blank=True)
    doubts = models.TextField(max_length=4000, blank=True)
    consulted = models.TextField(max_length=2000, blank=True)
    valid_months = models.PositiveSmallIntegerField(default=12)
    risk = models.CharField(max_length=16, blank=True)
    delegated = models.BooleanField(default=False)
    content = models.JSONField(null=True, blank=True)
    digest = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField()
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="deployment_requests"
    )
    submitted_at = models.DateTimeField(null=True, blank=True)
    submitted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = models.CharField(max_length=80, null=True, blank=True)  # noqa: DJ001 - pairs with closed_at
    decision_reason = models.TextField(max_length=2000, blank=True)
    reported_on = models.DateField(null=True, blank=True)
    reported_at = models.DateTimeField(null=True, blank=True)
    reported_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )
    row_version = models.PositiveIntegerField(default=1)
    imported = models.BooleanField(default=False)

    class Meta:
        default_permissions = ()
        ordering = ["-created_at"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(
                    state__in=[
                        "draft",
                        "in_review",
                        "returned",
                        "approved",
                        "approved_with_conditions",
                        "rejected",
                        "withdrawn",
                    ]
                ),
                name="request_state_known",
            ),
            models.CheckConstraint(
                condition=models.Q(submitted_at__isnull=True, submitted_by__isnull=True)
                | models.Q(submitted_at__isnull=False, submitted_by__isnull=False),
                name="request_submitted_at_by",
            ),
            models.CheckConstraint(
                condition=models.Q(closed_at__isnull=True, closed_by__isnull=True)
                | models.Q(closed_at__isnull=False, closed_by__isnull=False),
                name="request_closed_at_by",
            ),
            models.CheckConstraint(
                condition=models.Q(state__in=["draft", "withdrawn"]) | ~models.Q(digest=""),
                name="request_submitted_has_digest",
            ),
            models.CheckConstraint(
                condition=models.Q(risk__in=["", "high_risk", "transparency", "minimal"]),
                name="request_risk_known",
            ),
            models.CheckConstraint(
                condition=models.Q(kind__in=["deployment", "reapproval", "reinstatement"]),
                name="request_kind_known",
            ),
            models.CheckConstraint(
                condition=models.Q(kind="reinstatement", reinstates__isnull=False)
                | (~models.Q(kind="reinstatement") & models.Q(reinstates__isnull=True)),
                name="request_reinstates_a_deployment",
            ),
            models.CheckConstraint(
                condition=models.Q(
                    reported_at__isnull=True, reported_by__isnull=True, reported_on__isnull=True
                )
                | models.Q(reported_at__isnull=False, reported_by__isnull=False, reported_on__isnull=False),
                name="request_reported_at_by",
            ),
            models.CheckConstraint(
                condition=models.Q(valid_months__gte=1, valid_months__lte=24),
                name="request_valid_months_range",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.system} {self.version}"

    def get_absolute_url(self) -> str:
        return reverse("request_detail", args=[self.pk])

    @property
    def high_risk(self) -> bool:
        """Whether a flow of it is high-risk."""
        return self.risk == "high_risk"

    @property
    def subject(self) -> str:
        """How the ledger names this request."""
        return f"request:{self.pk}"


class Round(models.Model):
    """One submission of a request and the vote on it; once ended, a trigger keeps it (and its votes) as it was.

    `owner`, `quorum`, `majority`, `required` and `casting_vote` are as they were at the submission: what the board
    changes later holds from the next round on. `left_out`: the seats whose vote did not count when the round ended,
    because who cast it had become the owner.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    request = models.ForeignKey(DeploymentRequest, on_delete=models.PROTECT, related_name="rounds")
    number = models.PositiveSmallIntegerField()
    content = models.JSONField()
    digest = models.CharField(max_length=64)
    answer = models.TextField(max_length=4000, blank=True)
    submitted_at = models.DateTimeField()
    submitted_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    quorum = models.PositiveSmallIntegerField()
    majority = models.CharField(max_length=12)
    required = models.JSONField(default=list, blank=True)
    casting_vote = models.BooleanField()
    vote_closes_at = models.DateTimeField()
    result = models.CharField(max_length=24, blank=True)
    reason = models.TextField(max_length=4000, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.CharField(max_length=80, null=True, blank=True)  # noqa: DJ001 - pairs with ended_at
    left_out = models.JSONField(default=list, blank=True)

    class Meta:
        default_permissions = ()
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["request", "number"], name="round_number_once"),
            models.UniqueConstraint(
                fields=["request"],
                condition=models.Q(ended_at__isnull=True),
                name="round_one_open_per_request",
            ),
            models.CheckConstraint(
                condition=models.Q(ended_at__isnull=True, ended_by__isnull=True, result="")
                | (models.Q(ended_at__isnull=False, ended_by__isnull=False) & ~models.Q(result="")),
                name="round_ended_at_by",
            ),
            models.CheckConstraint(
                condition=models.Q(vote_closes_at__gt=models.F("submitted_at")),
                name="round_closes_after_start",
            ),
            models.CheckConstraint(condition=models.Q(quorum__gte=3), name="round_quorum_at_least_three"),
            models.CheckConstraint(
                condition=models.Q(majority__in=["simple", "two_thirds"]), name="round_majority_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.request} ({self.number})"


class Vote(models.Model):
    """One seat's vote in a round, once; hidden from everyone until the round ends."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    request = models.ForeignKey(DeploymentRequest, on_delete=models.PROTECT, related_name="votes")
    round = models.ForeignKey(Round, on_delete=models.PROTECT, related_name="votes")
    seat = models.ForeignKey("governance.Seat", on_delete=models.PROTECT, related_name="votes")
    choice = models.CharField(max_length=12)
    reason = models.TextField(max_length=4000)
    conditions = models.JSONField(default=list, blank=True)
    counted = models.BooleanField(default=True)
    cast_at = models.DateTimeField()
    cast_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="votes")

    class Meta:
        default_permissions = ()
        ordering = ["cast_at"]
        constraints = [
            models.UniqueConstraint(fields=["round", "seat"], name="vote_once_per_seat"),
            models.UniqueConstraint(fields=["round", "cast_by"], name="vote_once_per_person"),
            models.CheckConstraint(
                condition=models.Q(choice__in=["approve", "conditions", "reject", "abstain"]),
                name="vote_choice_known",
            ),
            models.CheckConstraint(condition=~models.Q(reason=""), name="vote_has_reason"),
        ]

    def __str__(self) -> str:
        return f"{self.seat}: {self.choice}"

    @property
    def left_out(self) -> bool:
        """Whether it did not count when its round ended because who cast it had become the owner."""
        return self.seat.discipline in self.round.left_out

    @property
    def counts(self) -> bool:
        """Whether it counted when its round ended."""
        return self.counted and not self.left_out


class Recusal(models.Model):
    """A member who declared a conflict of interest in a round and steps back from this and later rounds."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    request = models.ForeignKey(DeploymentRequest, on_delete=models.PROTECT, related_name="recusals")
    round = models.ForeignKey(Round, on_delete=models.PROTECT, related_name="recusals")
    seat = models.ForeignKey("governance.Seat", on_delete=models.PROTECT, related_name="recusals")
    reason = models.TextField(max_length=2000)
    declared_at = models.DateTimeField()
    declared_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="recusals"
    )

    class Meta:
        default_permissions = ()
        ordering = ["declared_at"]
        constraints = [
            models.UniqueConstraint(fields=["request", "declared_by"], name="recusal_once_per_person"),
            models.CheckConstraint(condition=~models.Q(reason=""), name="recusal_has_reason"),
        ]

    def __str__(self) -> str:
        return f"{self.seat}: {self.reason}"
