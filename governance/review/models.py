"""Boards that decide, requests they decide on, and the deployments that follow."""

import uuid

from django.conf import settings
from django.db import models
from django.urls import reverse


class Board(models.Model):
    """A review board of a unit (and all below it), with its quorum and majorities."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=120, unique=True)
    unit = models.ForeignKey("portal.Unit", on_delete=models.PROTECT, related_name="boards")
    quorum = models.PositiveSmallIntegerField(default=3)
    majority = models.CharField(max_length=12, default="simple")
    majority_high_risk = models.CharField(max_length=12, default="two_thirds")
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        default_permissions = ()
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(condition=models.Q(quorum__gte=3), name="board_quorum_at_least_three"),
            models.CheckConstraint(
                condition=models.Q(majority__in=["simple", "two_thirds"])
                & models.Q(majority_high_risk__in=["simple", "two_thirds"]),
                name="board_majority_known",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("board_detail", args=[self.pk])

    @property
    def subject(self) -> str:
        """How the ledger names this board."""
        return f"board:{self.pk}"


class Seat(models.Model):
    """A discipline's place on a board; an advisory seat is heard and not counted."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    board = models.ForeignKey(Board, on_delete=models.PROTECT, related_name="seats")
    discipline = models.CharField(max_length=20)
    advisory = models.BooleanField(default=False)
    required = models.BooleanField(default=False)

    class Meta:
        default_permissions = ()
        ordering = ["discipline"]
        constraints = [
            models.UniqueConstraint(fields=["board", "discipline"], name="seat_once_per_discipline"),
            models.CheckConstraint(
                condition=~models.Q(discipline="affected_business", advisory=False),
                name="seat_affected_business_advises",
            ),
            models.CheckConstraint(
                condition=~models.Q(advisory=True, required=True), name="seat_advisory_not_required"
            ),
        ]

    def __str__(self) -> str:
        return self.discipline


class Membership(models.Model):
    """A person on a seat, or the deputy of that seat, for a term (`ends_on` is the last day)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    seat = models.ForeignKey(Seat, on_delete=models.PROTECT, related_name="memberships")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="memberships")
    deputy = models.BooleanField(default=False)
    starts_on = models.DateField()
    ends_on = models.DateField(null=True, blank=True)

    class Meta:
        default_permissions = ()
        ordering = ["deputy", "starts_on"]
        constraints = [
            models.UniqueConstraint(
                fields=["seat", "deputy"],
                condition=models.Q(ends_on__isnull=True),
                name="membership_one_current_per_seat",
            ),
            models.CheckConstraint(
                condition=models.Q(ends_on__isnull=True) | models.Q(ends_on__gte=models.F("starts_on")),
                name="membership_ends_after_start",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} ({self.seat})"


class DeploymentRequest(models.Model):
    """A request to put a version with some of its flows into use; `digest` binds what was submitted."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    system = models.ForeignKey("governance.System", on_delete=models.PROTECT, related_name="requests")
    board = models.ForeignKey(Board, on_delete=models.PROTECT, related_name="requests")
    version = models.ForeignKey("governance.SystemVersion", on_delete=models.PROTECT, related_name="requests")
    flows: models.ManyToManyField = models.ManyToManyField("governance.DataFlow", related_name="requests")  # type: ignore[type-arg]
    state = models.CharField(max_length=24, default="draft")
    summary = models.TextField(max_length=4000)
    alternatives = models.TextField(max_length=4000, blank=True)
    doubts = models.TextField(max_length=4000, blank=True)
    consulted = models.TextField(max_length=2000, blank=True)
    valid_months = models.PositiveSmallIntegerField(default=12)
    high_risk = models.BooleanField(default=False)
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
                condition=models.Q(valid_months__gte=1, valid_months__lte=24),
                name="request_valid_months_range",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.system} {self.version}"

    def get_absolute_url(self) -> str:
        return reverse("request_detail", args=[self.pk])

    @property
    def subject(self) -> str:
        """How the ledger names this request."""
        return f"request:{self.pk}"


class Vote(models.Model):
    """One seat's vote, once; hidden from everyone until the vote closes."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    request = models.ForeignKey(DeploymentRequest, on_delete=models.PROTECT, related_name="votes")
    seat = models.ForeignKey(Seat, on_delete=models.PROTECT, related_name="votes")
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
            models.UniqueConstraint(fields=["request", "seat"], name="vote_once_per_seat"),
            models.UniqueConstraint(fields=["request", "cast_by"], name="vote_once_per_person"),
            models.CheckConstraint(
                condition=models.Q(choice__in=["approve", "conditions", "reject", "abstain"]),
                name="vote_choice_known",
            ),
            models.CheckConstraint(condition=~models.Q(reason=""), name="vote_has_reason"),
        ]

    def __str__(self) -> str:
        return f"{self.seat}: {self.choice}"


class Recusal(models.Model):
    """A member who declared a conflict of interest and steps back from one request."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    request = models.ForeignKey(DeploymentRequest, on_delete=models.PROTECT, related_name="recusals")
    seat = models.ForeignKey(Seat, on_delete=models.PROTECT, related_name="recusals")
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


class Condition(models.Model):
    """What must be done after an approval, by whom and by when."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    request = models.ForeignKey(DeploymentRequest, on_delete=models.PROTECT, related_name="conditions")
    text = models.TextField(max_length=2000)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="conditions")
    due_on = models.DateField()
    set_by = models.ForeignKey(Seat, on_delete=models.PROTECT, related_name="conditions_set")
    evidence = models.TextField(max_length=2000, blank=True)
    met_at = models.DateTimeField(null=True, blank=True)
    met_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )

    class Meta:
        default_permissions = ()
        ordering = ["due_on"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(met_at__isnull=True, met_by__isnull=True)
                | models.Q(met_at__isnull=False, met_by__isnull=False),
                name="condition_met_at_by",
            )
        ]

    def __str__(self) -> str:
        return self.text


class Deployment(models.Model):
    """An approval in use; which flow was in force when, is in `InForce`."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    system = models.ForeignKey("governance.System", on_delete=models.PROTECT, related_name="deployments")
    request = models.OneToOneField(DeploymentRequest, on_delete=models.PROTECT, related_name="deployment")
    version = models.ForeignKey(
        "governance.SystemVersion", on_delete=models.PROTECT, related_name="deployments"
    )
    flows: models.ManyToManyField = models.ManyToManyField("governance.DataFlow", related_name="deployments")  # type: ignore[type-arg]
    digest = models.CharField(max_length=64)
    state = models.CharField(max_length=12, default="in_force")
    valid_from = models.DateTimeField()
    valid_until = models.DateTimeField()
    suspended_at = models.DateTimeField(null=True, blank=True)
    suspended_by = models.CharField(max_length=80, null=True, blank=True)  # noqa: DJ001 - pairs with suspended_at
    reason = models.TextField(max_length=2000, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.CharField(max_length=80, null=True, blank=True)  # noqa: DJ001 - pairs with ended_at

    class Meta:
        default_permissions = ()
        ordering = ["-valid_from"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(state__in=["in_force", "suspended", "lapsed", "voided"]),
                name="deployment_state_known",
            ),
            models.CheckConstraint(
                condition=models.Q(valid_until__gt=models.F("valid_from")), name="deployment_until_after_from"
            ),
            models.CheckConstraint(
                condition=models.Q(suspended_at__isnull=True, suspended_by__isnull=True)
                | models.Q(suspended_at__isnull=False, suspended_by__isnull=False),
                name="deployment_suspended_at_by",
            ),
            models.CheckConstraint(
                condition=models.Q(ended_at__isnull=True, ended_by__isnull=True)
                | models.Q(ended_at__isnull=False, ended_by__isnull=False),
                name="deployment_ended_at_by",
            ),
            models.CheckConstraint(
                condition=~models.Q(state="suspended")
                | (models.Q(suspended_at__isnull=False) & ~models.Q(reason="")),
                name="deployment_suspended_has_reason",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.system} {self.version}"

    def get_absolute_url(self) -> str:
        return reverse("deployment_detail", args=[self.pk])

    @property
    def subject(self) -> str:
        """How the ledger names this deployment."""
        return f"deployment:{self.pk}"


class InForce(models.Model):
    """A stretch of time, `starts_at <= t < ends_at`, in which a flow was allowed; what the gate reads."""

    id = models.BigAutoField(primary_key=True)
    deployment = models.ForeignKey(Deployment, on_delete=models.PROTECT, related_name="stretches")
    system = models.ForeignKey("governance.System", on_delete=models.PROTECT, related_name="+")
    flow = models.ForeignKey("governance.DataFlow", on_delete=models.PROTECT, related_name="in_force")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    ended_because = models.CharField(max_length=400, blank=True)

    class Meta:
        default_permissions = ()
        ordering = ["starts_at"]
        indexes = [models.Index(fields=["system", "ends_at", "starts_at"], name="in_force_by_system")]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(ends_at__gte=models.F("starts_at")), name="in_force_ends_after_start"
            ),
            models.UniqueConstraint(
                fields=["deployment", "flow", "starts_at"], name="in_force_once_per_start"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.flow} {self.starts_at:%Y-%m-%d}"
