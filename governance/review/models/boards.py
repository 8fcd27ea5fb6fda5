"""Boards, their rules, seats and members."""

import uuid

from django.conf import settings
from django.db import models
from django.urls import reverse


class Board(models.Model):
    """A review board of a unit (and all below it), with what it decided about its own ways."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=120, unique=True)
    unit = models.ForeignKey("portal.Unit", on_delete=models.PROTECT, related_name="boards")
    vote_days = models.PositiveSmallIntegerField(default=14)
    casting_vote = models.BooleanField(default=False)
    members_return = models.BooleanField(default=False)
    delegates_minimal = models.BooleanField(default=False)
    open_threads = models.BooleanField(default=True)
    # goes up with every change; `settings_version`: where it stood when the settings changed last
    row_version = models.PositiveIntegerField(default=1)
    settings_version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        default_permissions = ()
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(vote_days__gte=1, vote_days__lte=90), name="board_vote_days_range"
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


class BoardRule(models.Model):
    """What a decision of a board takes for one class of risk: quorum, majority, disciplines that must vote."""

    id = models.BigAutoField(primary_key=True)
    board = models.ForeignKey(Board, on_delete=models.PROTECT, related_name="rules")
    risk = models.CharField(max_length=16)
    quorum = models.PositiveSmallIntegerField(default=3)
    majority = models.CharField(max_length=12)
    required = models.JSONField(default=list, blank=True)
    row_version = models.PositiveIntegerField(default=1)  # where that of the board stood at the last change

    class Meta:
        default_permissions = ()
        ordering = ["risk"]
        constraints = [
            models.UniqueConstraint(fields=["board", "risk"], name="board_rule_once_per_risk"),
            models.CheckConstraint(
                condition=models.Q(quorum__gte=3), name="board_rule_quorum_at_least_three"
            ),
            models.CheckConstraint(
                condition=models.Q(risk__in=["high_risk", "transparency", "minimal"]),
                name="board_rule_risk_known",
            ),
            models.CheckConstraint(
                condition=models.Q(majority__in=["simple", "two_thirds"]), name="board_rule_majority_known"
            ),
            models.CheckConstraint(
                condition=~models.Q(risk="high_risk") | models.Q(majority="two_thirds"),
                name="board_rule_high_risk_two_thirds",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.board}: {self.risk}"


class Seat(models.Model):
    """A discipline's place on a board; an advisory seat is heard and not counted; one seat chairs."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    board = models.ForeignKey(Board, on_delete=models.PROTECT, related_name="seats")
    discipline = models.CharField(max_length=20)
    advisory = models.BooleanField(default=False)
    chairs = models.BooleanField(default=False)

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
                condition=~models.Q(advisory=True, chairs=True), name="seat_that_chairs_votes"
            ),
            models.UniqueConstraint(
                fields=["board"], condition=models.Q(chairs=True), name="seat_one_chairs_a_board"
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
    secretary = models.BooleanField(default=False)
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
